/*
 * test_store_memory.c: after reading and writing, no value and no identity stands in ordinary memory.
 *
 * The process looks through its own memory: every mapping that can be read and is not locked. What is looked
 * for is kept masked, so that the search does not find itself; it looks for any sixteen bytes in a row. Suite
 * `process`: not for valgrind, whose own memory would be searched, too.
 */
#include "store_ground.h"
#include <criterion/parameterized.h>
#include <stdint.h>

#define MASK 0xa7u
#define WINDOW 16
#define NEEDLE_MAX 4096

struct needle {
	uint8_t masked[NEEDLE_MAX];
	size_t len;
};

/* Where memory is read to; left out of the search. */
static uint8_t window[1 << 16];
static struct needle value_needle, key_needle;

static void start(void)
{
#if defined(__SANITIZE_ADDRESS__)
	cr_skip_test("the address sanitizer keeps copies of its own");
#endif
	ground_start();
}

TestSuite(process, .init = start, .fini = ground_end);

static bool stands_at(const uint8_t *at, const uint8_t *masked)
{
	size_t i = 0;

	while (i < WINDOW && (uint8_t)(at[i] ^ MASK) == masked[i])
		i++;
	return i == WINDOW;
}

static bool holds(const uint8_t *bytes, size_t len, const struct needle *needle)
{
	bool is_first[256] = {false};

	for (size_t k = 0; k + WINDOW <= needle->len; k += WINDOW)
		is_first[needle->masked[k]] = true;
	for (size_t i = 0; i + WINDOW <= len; i++) {
		if (!is_first[(uint8_t)(bytes[i] ^ MASK)])
			continue;
		for (size_t k = 0; k + WINDOW <= needle->len; k += WINDOW)
			if (stands_at(bytes + i, needle->masked + k))
				return true;
	}
	return false;
}

/* Whether a range of our memory holds a piece of the needle. */
static bool search_range(int mem, uintptr_t from, uintptr_t to, const struct needle *needle)
{
	while (from < to) {
		size_t want = to - from < sizeof(window) ? to - from : sizeof(window);
		ssize_t got;

		if (from < (uintptr_t)window + sizeof(window) && from + want > (uintptr_t)window) {
			if (from >= (uintptr_t)window) {
				from = (uintptr_t)window + sizeof(window);
				continue;
			}
			want = (uintptr_t)window - from;
		}
		got = pread(mem, window, want, (off_t)from);
		if (got <= 0)
			return false;
		if (holds(window, (size_t)got, needle))
			return true;
		from += (size_t)got == want && want > WINDOW && from + want < to ? want - WINDOW
										 : (size_t)got;
	}
	return false;
}

/* The name of the first mapping in ordinary memory that holds a piece of it, or NULL. */
static const char *find_in_memory(const struct needle *needle)
{
	static char found[256];
	char name[200] = "", rights[8] = "", line[512];
	uintptr_t from = 0, to = 0;
	FILE *maps = fopen("/proc/self/smaps", "re");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	bool is_found = false;

	cr_assert(maps && mem >= 0);
	while (!is_found && fgets(line, sizeof(line), maps)) {
		unsigned long low, high;
		char mapped[200] = "anonymous";

		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %199[^\n]", &low, &high, rights, mapped) >= 3) {
			from = low;
			to = high;
			(void)snprintf(name, sizeof(name), "%s", mapped);
		} else if (strncmp(line, "VmFlags:", 8) == 0 && rights[0] == 'r' && !strstr(line, " lo") &&
			   strncmp(name, "[v", 2) != 0) {
			is_found = search_range(mem, from, to, needle);
		}
	}
	fclose(maps);
	close(mem);
	(void)snprintf(found, sizeof(found), "%s", name);
	return is_found ? found : NULL;
}

static void expect_locked(void)
{
	struct bs_arena_status status;

	bs_arena_get_status(&status);
	if (status.locked < status.size)
		cr_skip_test("memory cannot be locked here");
}

/* A value that stands nowhere else: random, made in place. */
static struct bs_secret *make_value(size_t len)
{
	struct bs_secret *value = NULL;
	uint8_t *bytes;
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	cr_assert_eq(bs_secret_new(len, &value, NULL), BS_OK);
	bytes = bs_secret_data(value);
	cr_assert_eq(read(fd, bytes, len), (ssize_t)len);
	close(fd);
	value_needle.len = len < NEEDLE_MAX ? len : NEEDLE_MAX;
	for (size_t i = 0; i < value_needle.len; i++)
		value_needle.masked[i] = bytes[len - value_needle.len + i] ^ MASK;
	return value;
}

/* The identity's line, byte by byte, never whole in clear. */
static void load_key_needle(void)
{
	int fd = open(in_home(".config/sops/age/keys.txt"), O_RDONLY | O_CLOEXEC);
	uint8_t byte;
	bool is_comment = false, is_start = true;

	cr_assert_geq(fd, 0);
	key_needle.len = 0;
	while (read(fd, &byte, 1) == 1) {
		if (is_start)
			is_comment = byte == '#';
		is_start = byte == '\n';
		if (!is_comment && byte != '\n' && key_needle.len < NEEDLE_MAX)
			key_needle.masked[key_needle.len++] = byte ^ MASK;
	}
	close(fd);
	cr_assert_gt(key_needle.len, 70);
	/* "AGE-SECRET-KEY-1" stands in the program, too. */
	memmove(key_needle.masked, key_needle.masked + WINDOW, key_needle.len - WINDOW);
	key_needle.len -= WINDOW;
}

static void expect_nowhere(const char *when)
{
	const char *where = find_in_memory(&value_needle);

	cr_assert_null(where, "%s: the value stands in %s", when, where);
	where = find_in_memory(&key_needle);
	cr_assert_null(where, "%s: the identity stands in %s", when, where);
}

Test(process, the_search_finds_a_copy_in_ordinary_memory)
{
	struct bs_secret *value = make_value(64);
	uint8_t *heap = malloc(64);

	expect_locked();
	cr_assert_null(find_in_memory(&value_needle));
	memcpy(heap, bs_secret_bytes(value), 64);
	cr_assert_not_null(find_in_memory(&value_needle));
	/* Freed, but not wiped. */
	free(heap);
	cr_assert_not_null(find_in_memory(&value_needle));
	bs_secret_free(value);
}

Test(process, the_search_finds_a_piece_in_a_dead_stack_frame)
{
	struct bs_secret *value = make_value(64);
	uint8_t stack[WINDOW];

	expect_locked();
	memcpy(stack, bs_secret_bytes(value) + 32, WINDOW);
	__asm__ volatile("" : : "r"(stack) : "memory");
	cr_assert_not_null(find_in_memory(&value_needle));
	bs_secret_free(value);
}

ParameterizedTestParameters(process, after_set_and_get_nothing_stands_in_ordinary_memory)
{
	static size_t lengths[] = {32, 64, 4096, 200000};

	return cr_make_param_array(size_t, lengths, sizeof(lengths) / sizeof(lengths[0]));
}

ParameterizedTest(size_t *len, process, after_set_and_get_nothing_stands_in_ordinary_memory, .init = start,
	.fini = ground_end)
{
	struct bs_secret *value = make_value(*len), *back = NULL, *again = NULL;

	load_key_needle();
	expect_locked();
	cr_assert_eq(bs_store_set(g.store, BS_SCOPE_USER, "x", value, NULL, NULL, &g.error), BS_OK, "%s",
		g.error.msg);
	expect_nowhere("after set");
	/* The same value again, which is compared with the old one, then another, then a rekey. */
	cr_assert_eq(bs_store_set(g.store, BS_SCOPE_USER, "x", value, NULL, NULL, &g.error), BS_OK, "%s",
		g.error.msg);
	cr_assert_eq(bs_store_rekey(g.store, BS_SCOPE_USER, "x", NULL, &g.error), BS_OK, "%s", g.error.msg);
	expect_nowhere("after rekey");
	cr_assert_eq(
		bs_store_get(g.store, BS_SCOPE_USER, "x", &back, NULL, &g.error), BS_OK, "%s", g.error.msg);
	cr_assert(bs_secret_equal(value, back));
	expect_nowhere("after get");
	ground_open();
	cr_assert_eq(
		bs_store_get(g.store, BS_SCOPE_AUTO, "x", &again, NULL, &g.error), BS_OK, "%s", g.error.msg);
	expect_nowhere("after get by another call");
	bs_secret_free(value);
	bs_secret_free(back);
	bs_secret_free(again);
	ground_close();
	expect_nowhere("after all was freed");
}
