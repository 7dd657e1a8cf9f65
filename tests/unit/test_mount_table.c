/* The mount point that a word means, and what the kernel's table says of it. */
#include <bus-secrets/mount_table.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/dev/shm/bs-table.XXXXXX";

static void set_up(void)
{
	char path[64];

	cr_assert_not_null(mkdtemp(top));
	(void)snprintf(path, sizeof(path), "%s/home", top);
	cr_assert_eq(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/link", top);
	cr_assert_eq(symlink("home", path), 0);
}

static void tear_down(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	cr_assert_eq(system(command), 0);
}

TestSuite(mount_table, .init = set_up, .fini = tear_down);

/* @ stands for the scratch directory; wanted NULL: refused with the code. */
struct word {
	const char *operand;
	const char *wanted;
	enum bs_code code;
};

static const struct word words[] = {
	{NULL, "@/home/.bus-secrets", BS_OK},
	{"m", "@/m", BS_OK},
	{"m/", "@/m", BS_OK},
	{"m///", "@/m", BS_OK},
	{"./m", "@/m", BS_OK},
	{"home/m", "@/home/m", BS_OK},
	{"link/m", "@/home/m", BS_OK},
	{"home/../m", "@/m", BS_OK},
	{"link", "@/link", BS_OK},
	{"/m", "/m", BS_OK},
	{"a b", "@/a b", BS_OK},
	{"", NULL, BS_USAGE},
	{"/", NULL, BS_USAGE},
	{".", NULL, BS_USAGE},
	{"home/..", NULL, BS_USAGE},
	{"home/.", NULL, BS_USAGE},
	{"a\nb", NULL, BS_USAGE},
	{"missing/m", NULL, BS_NOT_FOUND},
};

Test(mount_table, words_and_what_they_mean)
{
	char home[64];

	(void)snprintf(home, sizeof(home), "%s/home", top);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct word *word = &words[i];
		struct bs_error error = {0};
		char wanted[128];
		char *got = NULL;
		enum bs_code code = bs_mount_resolve(home, top, word->operand, &got, &error);

		cr_assert_eq(code, word->code, "%s: %s", word->operand, error.msg);
		if (!word->wanted) {
			cr_assert_null(got);
			cr_assert(error.msg[0]);
			continue;
		}
		(void)snprintf(wanted, sizeof(wanted), "%s%s", word->wanted[0] == '@' ? top : "",
			word->wanted + (word->wanted[0] == '@'));
		cr_assert_str_eq(got, wanted);
		free(got);
	}
}

Test(mount_table, other_mounts_are_found_and_are_not_ours)
{
	struct bs_mount_entry entry;

	bs_mount_table_find("/proc", &entry);
	cr_assert(entry.is_found);
	cr_assert_not(entry.is_ours);
	cr_assert_str_eq(entry.type, "proc");
	cr_assert(strchr(entry.dev, ':'));
	bs_mount_table_find(top, &entry);
	cr_assert_not(entry.is_found);
	cr_assert_not(entry.is_ours);
}

Test(mount_table, what_is_no_mount_is_not_dead_and_cannot_be_detached)
{
	struct bs_error error = {0};

	cr_assert_not(bs_mount_is_dead(top));
	cr_assert_not(bs_mount_is_dead("/missing/dir"));
	cr_assert_neq(bs_mount_detach(NULL, top, true, &error), BS_OK);
	cr_assert(strstr(error.msg, top));
	cr_assert_neq(bs_mount_detach("/missing/fusermount3", top, true, &error), BS_OK);
}
