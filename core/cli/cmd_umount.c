/*
 * cmd_umount.c: bus-secrets umount: takes the mount away, which ends the daemon, and waits until both are
 * gone.
 *
 * Without options nothing is taken from anybody: a mount that is in use stays. --lazy takes it out of the
 * tree and leaves the daemon to those who still use it; --force ends the daemon, which commits first what
 * closing the files would have committed.
 */
#include "cli.h"
#include "users.h"

#include <bus-secrets/mount_record.h>
#include <bus-secrets/mount_table.h>

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>

/* The daemon may wait ten seconds for the lock of a store before it gives a commit up. */
#define END_PATIENCE_MS 40000
#define LAZY_PATIENCE_MS 1000
#define USERS_NAMED 5

struct target {
	char *dir;
	char *runtime_dir;
	char *fusermount; /* NULL as root */
	struct bs_mount_record record;
	bool is_alive; /* a daemon holds the record */
	struct bs_mount_entry entry;
	int pidfds[2]; /* of keeper and worker, -1: gone */
};

static void target_release(struct target *target)
{
	free(target->dir);
	free(target->runtime_dir);
	free(target->fusermount);
	bs_mount_record_release(&target->record);
	bs_close_fd(&target->pidfds[0]);
	bs_close_fd(&target->pidfds[1]);
}

/* Never one out of the workspace that we are called in. */
static enum bs_code find_helper(const struct bs_cli *cli, char **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_workspace_close_ptr) struct bs_workspace *ws = NULL;
	const char *avoided;

	if (geteuid() == 0)
		return BS_OK;
	avoided = bs_workspace_find(cli->env, NULL, &ws, NULL) == BS_OK ? bs_workspace_path(ws) : NULL;
	if (bs_env_find_program(cli->env, "fusermount3", avoided, ret, NULL) == BS_OK)
		return BS_OK;
	*ret = strdup("/usr/bin/fusermount3");
	return *ret ? BS_OK : bs_error_set(reterr, BS_NO_MEMORY, "no memory for a path");
}

static enum bs_code find_target(struct bs_cli *cli, struct target *target, struct bs_error *reterr)
{
	const char *operand = cli->operand_count ? cli->operands[0] : NULL;
	enum bs_code code =
		bs_mount_resolve(bs_env_home(cli->env), bs_env_cwd(cli->env), operand, &target->dir, reterr);

	if (code == BS_OK)
		code = bs_env_runtime_dir(cli->env, &target->runtime_dir, reterr);
	if (code == BS_OK)
		code = find_helper(cli, &target->fusermount, reterr);
	if (code)
		return code;
	if (bs_mount_record_read(target->runtime_dir, target->dir, &target->record, &target->is_alive, NULL))
		target->is_alive = false;
	bs_mount_table_find(target->dir, &target->entry);
	if (target->entry.is_found && !target->entry.is_ours)
		return bs_error_set(reterr, BS_POLICY, "%s is a mount of type %s, not ours", target->dir,
			target->entry.type);
	if (target->is_alive) {
		target->pidfds[0] = target->record.keeper > 0 ? pidfd_open(target->record.keeper, 0) : -1;
		target->pidfds[1] = target->record.worker > 0 ? pidfd_open(target->record.worker, 0) : -1;
	}
	return BS_OK;
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* True once both processes have ended and their parents know it. */
static bool wait_for_end(struct target *target, int patience_ms)
{
	const int64_t deadline = now_ms() + patience_ms;

	for (int i = 0; i < 2; i++) {
		struct pollfd wait = {.fd = target->pidfds[i], .events = POLLIN};
		int64_t left = deadline - now_ms();

		if (wait.fd >= 0 && poll(&wait, 1, left > 0 ? (int)left : 0) <= 0)
			return false;
		/* Ended, but still in the list of processes until it is waited for: a moment, as a rule. */
		for (int round = 0; round < 20 && wait.fd >= 0 && pidfd_send_signal(wait.fd, 0, NULL, 0) == 0;
			round++)
			(void)poll(NULL, 0, 5);
	}
	return true;
}

static enum bs_code say_busy(const struct target *target, struct bs_error *reterr)
{
	struct bs_strings users = {0};
	BS_CLEANUP(bs_free_ptr) char *names = NULL;

	bs_users_of(target->dir, USERS_NAMED, &users);
	names = users.count ? bs_strings_join(&users, ", ") : NULL;
	bs_strings_release(&users);
	return bs_error_set(reterr, BS_BUSY,
		"%s is in use%s%s: --lazy leaves it to them, --force commits what they wrote and ends it",
		target->dir, names ? " by " : "", names ? names : "");
}

/* --force: the daemon commits, wipes and unmounts by itself. */
static enum bs_code end_daemon(struct target *target, struct bs_error *reterr)
{
	int which = target->pidfds[0] >= 0 ? 0 : 1;

	if (target->pidfds[which] < 0 || pidfd_send_signal(target->pidfds[which], SIGTERM, NULL, 0))
		return bs_error_sys(reterr, target->pidfds[which] < 0 ? ESRCH : errno,
			"cannot end the daemon of %s", target->dir);
	if (!wait_for_end(target, END_PATIENCE_MS))
		return bs_error_set(reterr, BS_BUSY, "the daemon of %s (%ld) does not end", target->dir,
			(long)target->record.worker);
	/* When only the worker was left there was nobody to unmount. */
	bs_mount_table_find(target->dir, &target->entry);
	if (target->entry.is_found && target->entry.is_ours)
		return bs_mount_detach(target->fusermount, target->dir, true, reterr);
	return BS_OK;
}

static enum bs_code detach(struct target *target, bool is_lazy, struct bs_error *reterr)
{
	bool is_dead = !target->is_alive && bs_mount_is_dead(target->dir);
	enum bs_code code = bs_mount_detach(target->fusermount, target->dir, is_lazy || is_dead, reterr);

	if (code == BS_BUSY)
		return say_busy(target, reterr);
	if (code)
		return code;
	if (!wait_for_end(target, is_lazy ? LAZY_PATIENCE_MS : END_PATIENCE_MS) && !is_lazy)
		return bs_error_set(reterr, BS_BUSY, "%s is unmounted, but its daemon (%ld) does not end",
			target->dir, (long)target->record.worker);
	return BS_OK;
}

/* A daemon that was killed leaves its record behind, and its log: that one stays, for whoever wonders why. */
static void remove_litter(const struct target *target)
{
	BS_CLEANUP(bs_close_fd) int fd = -1;
	BS_CLEANUP(bs_free_ptr) char *path = bs_mount_record_path(target->runtime_dir, target->dir, ".mount");

	if (path && access(path, F_OK) == 0 &&
		bs_mount_record_lock(target->runtime_dir, target->dir, &fd, NULL) == BS_OK)
		(void)unlink(path);
}

static enum bs_code unmount(struct bs_cli *cli, struct target *target, struct bs_error *reterr)
{
	bool is_forced = bs_cli_option_is(cli, "force");
	enum bs_code code;

	if (!target->entry.is_found && !(target->is_alive && is_forced)) {
		remove_litter(target);
		if (target->is_alive)
			return bs_error_set(reterr, BS_NOT_FOUND,
				"%s is not mounted any more; its daemon (%ld) still serves open files, "
				"--force ends it",
				target->dir, (long)target->record.worker);
		return bs_error_set(reterr, BS_NOT_FOUND, "%s is not mounted", target->dir);
	}
	code = is_forced && target->is_alive
		       ? end_daemon(target, reterr)
		       : detach(target, bs_cli_option_is(cli, "lazy") || is_forced, reterr);
	if (code == BS_OK)
		remove_litter(target);
	return code;
}

enum bs_code bs_cmd_umount(struct bs_cli *cli, struct bs_error *reterr)
{
	struct target target = {.pidfds = {-1, -1}};
	enum bs_code code = bs_cli_open_env(cli, reterr);

	if (code == BS_OK)
		code = find_target(cli, &target, reterr);
	if (code == BS_OK)
		code = unmount(cli, &target, reterr);
	if (code == BS_OK && cli->format == BS_FORMAT_JSON) {
		struct bs_json_out *json = bs_json_out_new();

		bs_json_out_object(json);
		bs_json_out_key(json, "unmounted");
		bs_json_out_string(json, target.dir);
		bs_json_out_end(json);
		bs_out_json(cli, json);
	} else if (code == BS_OK) {
		bs_cli_say(cli, "unmounted %s", target.dir);
	}
	target_release(&target);
	return code;
}
