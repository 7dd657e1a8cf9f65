/* Records of living mounts: locked while a daemon lives, never believed for another directory. */
#include <bus-secrets/mount_record.h>

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char runtime[] = "/dev/shm/bs-record.XXXXXX";

static void set_up(void)
{
	cr_assert_not_null(mkdtemp(runtime));
}

static void tear_down(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", runtime);
	cr_assert_eq(system(command), 0);
}

TestSuite(mount_record, .init = set_up, .fini = tear_down);

static int locked(const char *dir)
{
	int fd = -1;

	cr_assert_eq(bs_mount_record_lock(runtime, dir, &fd, NULL), BS_OK);
	return fd;
}

static void write_for(int fd, const char *dir, const char *workspace)
{
	struct bs_mount_record record = {.dir = strdup(dir),
		.options = strdup("rw,x"),
		.workspace = workspace ? strdup(workspace) : NULL,
		.keeper = 12,
		.worker = 34};

	cr_assert_eq(bs_mount_record_write(fd, &record, NULL), BS_OK);
	bs_mount_record_release(&record);
}

Test(mount_record, what_was_written_is_read)
{
	struct bs_mount_record record = {0};
	bool is_alive = false;
	int fd = locked("/a dir/with space");

	write_for(fd, "/a dir/with space", "/a workspace");
	cr_assert_eq(bs_mount_record_read(runtime, "/a dir/with space", &record, &is_alive, NULL), BS_OK);
	cr_assert(is_alive);
	cr_assert_str_eq(record.dir, "/a dir/with space");
	cr_assert_str_eq(record.options, "rw,x");
	cr_assert_str_eq(record.workspace, "/a workspace");
	cr_assert_eq(record.keeper, 12);
	cr_assert_eq(record.worker, 34);
	bs_mount_record_release(&record);
	write_for(fd, "/a dir/with space", NULL);
	cr_assert_eq(bs_mount_record_read(runtime, "/a dir/with space", &record, &is_alive, NULL), BS_OK);
	cr_assert_null(record.workspace);
	bs_mount_record_release(&record);
	close(fd);
}

Test(mount_record, nobody_holds_it_means_dead)
{
	struct bs_mount_record record = {0};
	bool is_alive = true;
	int fd = locked("/m");

	write_for(fd, "/m", NULL);
	close(fd);
	cr_assert_eq(bs_mount_record_read(runtime, "/m", &record, &is_alive, NULL), BS_OK);
	cr_assert_not(is_alive);
	bs_mount_record_release(&record);
}

Test(mount_record, one_daemon_for_a_directory)
{
	struct bs_error error = {0};
	int fd = locked("/m");
	int other = -1;

	cr_assert_eq(bs_mount_record_lock(runtime, "/m", &other, &error), BS_BUSY);
	cr_assert(strstr(error.msg, "/m"));
	cr_assert_eq(other, -1);
	close(locked("/other"));
	close(fd);
	close(locked("/m"));
}

Test(mount_record, a_copy_of_the_descriptor_keeps_it_alive)
{
	struct bs_mount_record record = {0};
	bool is_alive = false;
	int fd = locked("/m");
	int copy = dup(fd);

	write_for(fd, "/m", NULL);
	close(fd);
	cr_assert_eq(bs_mount_record_read(runtime, "/m", &record, &is_alive, NULL), BS_OK);
	cr_assert(is_alive);
	bs_mount_record_release(&record);
	close(copy);
}

Test(mount_record, a_removed_record_is_not_taken_for_the_present_one)
{
	char *path = bs_mount_record_path(runtime, "/m", ".mount");
	int old = locked("/m");
	int fresh;

	cr_assert_eq(unlink(path), 0);
	fresh = locked("/m");
	cr_assert_eq(access(path, F_OK), 0);
	close(old);
	close(fresh);
	free(path);
}

Test(mount_record, damaged_missing_and_foreign_records_are_none)
{
	static const char *const texts[] = {"", "\n\n", "dir", "dir \n", "keeper 1\nworker 2\n",
		"dir /elsewhere\noptions x\n", "options x\n", "\xff\xfe garbage"};
	struct bs_mount_record record = {0};
	bool is_alive = false;
	char *path = bs_mount_record_path(runtime, "/m", ".mount");

	cr_assert_eq(bs_mount_record_read(runtime, "/m", &record, &is_alive, NULL), BS_NOT_FOUND);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *file = fopen(path, "w");

		cr_assert(file && fputs(texts[i], file) >= 0 && fclose(file) == 0);
		cr_assert_eq(bs_mount_record_read(runtime, "/m", &record, &is_alive, NULL), BS_NOT_FOUND,
			"text %zu", i);
		cr_assert_null(record.dir);
	}
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	cr_assert_neq(bs_mount_record_read(runtime, "/m", &record, &is_alive, NULL), BS_OK);
	free(path);
}

Test(mount_record, records_and_logs_of_directories_have_names_of_their_own)
{
	char *a = bs_mount_record_path("/r", "/a", ".mount");
	char *b = bs_mount_record_path("/r", "/b", ".mount");
	char *log = bs_mount_record_path("/r", "/a", ".log");

	cr_assert_str_neq(a, b);
	cr_assert_eq(strncmp(a, log, strlen(a) - strlen(".mount")), 0);
	cr_assert_eq(strncmp(a, "/r/", 3), 0);
	free(a);
	free(b);
	free(log);
}
