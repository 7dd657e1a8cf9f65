/*
 * mount_record.h: what is written down about a mount while it lives, for the commands.
 *
 * Layer: include; implemented in core/base. Not thread-safe for one record.
 *
 * A record is a small file in the runtime directory, named after the mount point. Both processes of the
 * daemon keep a lock on it as long as they live, so who finds it locked has found a living daemon, and one
 * that is not locked was left behind by a crash: no process number is ever trusted alone. The log lies beside
 * it under the same name.
 */
#ifndef BUS_SECRETS_MOUNT_RECORD_H
#define BUS_SECRETS_MOUNT_RECORD_H

#include <bus-secrets/cleanup.h>
#include <bus-secrets/error.h>
#include <sys/types.h>

struct bs_mount_record {
	char *dir; /* the mount point, absolute; strings are owned */
	char *options; /* the effective ones, in a fixed order */
	char *workspace; /* NULL: none */
	pid_t keeper; /* 0: not known yet */
	pid_t worker; /* 0: not known yet */
};

#pragma GCC visibility push(default)

/* RUNTIME/<hash of dir><suffix>, on the heap, the caller's: ".mount" is the record, ".log" the log. */
char *bs_mount_record_path(const char *runtime_dir, const char *dir, const char *suffix);

/*
 * Opens and locks the record of a mount point, making it if needed; the lock lives as long as a copy of the
 * descriptor, which is close-on-exec. BS_BUSY if a daemon holds it.
 */
enum bs_code bs_mount_record_lock(
	const char *runtime_dir, const char *dir, int *ret_fd, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_mount_record_write(
	int fd, const struct bs_mount_record *record, struct bs_error *reterr) BS_MUST_CHECK;
/*
 * BS_NOT_FOUND if there is none. *ret_is_alive: somebody holds the lock. Release with
 * bs_mount_record_release().
 */
enum bs_code bs_mount_record_read(const char *runtime_dir, const char *dir, struct bs_mount_record *ret,
	bool *ret_is_alive, struct bs_error *reterr) BS_MUST_CHECK;
void bs_mount_record_release(struct bs_mount_record *record);

#pragma GCC visibility pop

#endif
