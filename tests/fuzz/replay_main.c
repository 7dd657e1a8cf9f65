/*
 * replay_main.c: gives a fuzz target every file of a directory, without a fuzzer: each crash that was found
 * once stays fixed on machines without clang, too.
 */
#include <bus-secrets/cleanup.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes are in memory of exactly their size, so that a sanitizer sees each read beyond it. */
static bool replay_file(int dir, const char *name)
{
	BS_CLEANUP(bs_close_fd) int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	BS_CLEANUP(bs_free_ptr) uint8_t *data = NULL;
	struct stat st;
	size_t size;

	if (fd < 0 || fstat(fd, &st) != 0)
		return false;
	size = (size_t)st.st_size;
	data = malloc(size > 0 ? size : 1);
	if (!data || read(fd, data, size) != (ssize_t)size)
		return false;
	(void)LLVMFuzzerTestOneInput(data, size);
	return true;
}

int main(int argc, char **argv)
{
	BS_CLEANUP(bs_close_dir) DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	size_t count = 0;

	if (!dir) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (entry->d_name[0] == '.')
			continue;
		if (!replay_file(dirfd(dir), entry->d_name)) {
			perror(entry->d_name);
			return 1;
		}
		count++;
	}
	printf("%zu inputs\n", count);
	return count > 0 ? 0 : 1;
}
