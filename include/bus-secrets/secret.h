/*
 * secret.h: the type that owns secret bytes, and the locked memory it lives in.
 *
 * Layer: include; implemented in core/base. Thread-safe.
 *
 * Passphrases, keys and plaintext live in a struct bs_secret and nowhere else. It lies in the arena: memory that is
 * locked (never swapped), left out of core dumps, not inherited over fork, with guard pages at its ends. A program
 * calls bs_arena_start() once before its first secret; without it the first secret starts an arena of
 * BS_ARENA_COMMAND bytes with BS_LOCK_WARN. The arena grows by further locked pieces while the limit on locked
 * memory allows. Freeing a secret wipes it.
 *
 *	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *key = NULL;
 *	if (bs_secret_new(32, &key, reterr)) ...
 *	fill(bs_secret_data(key), bs_secret_len(key));
 */
#ifndef BUS_SECRETS_SECRET_H
#define BUS_SECRETS_SECRET_H

#include <bus-secrets/cleanup.h>
#include <bus-secrets/error.h>
#include <stdint.h>
#include <sys/types.h>

#define BS_ARENA_COMMAND ((size_t)256 * 1024)
#define BS_ARENA_DAEMON ((size_t)4 * 1024 * 1024)

/* The largest secret that can be made; a store's limit for values is smaller. */
#define BS_SECRET_MAX ((size_t)64 * 1024 * 1024)

enum bs_lock_policy {
	BS_LOCK_REFUSE, /* memory that cannot be locked is not used: BS_NO_MEMORY */
	BS_LOCK_WARN,   /* it is used, and bs_arena_status() says so */
};

struct bs_arena_status {
	size_t size;   /* bytes in all pieces */
	size_t locked; /* of these, in locked pieces */
	size_t used;   /* bytes in live secrets, with the allocator's own */
	int lock_errno; /* why a lock failed, 0 if none did */
};

struct bs_secret;

#pragma GCC visibility push(default)

/*
 * Starts the arena. May be called once, before the first secret. BS_NO_MEMORY with BS_LOCK_REFUSE if the memory
 * cannot be locked; the message names the limit (RLIMIT_MEMLOCK) and the remedy.
 */
enum bs_code bs_arena_start(size_t bytes, enum bs_lock_policy policy, struct bs_error *reterr) BS_MUST_CHECK;
void bs_arena_get_status(struct bs_arena_status *ret);

/*
 * Locks and touches the arena's pages again: a fork's child has neither the locks nor (by design) the pages, so a
 * child that goes on to hold secrets calls bs_arena_restart() first; secrets of the parent are gone there.
 */
enum bs_code bs_arena_restart(struct bs_error *reterr) BS_MUST_CHECK;

/* A new secret of len zero bytes (0 is allowed). BS_TOO_LARGE over BS_SECRET_MAX, BS_NO_MEMORY. */
enum bs_code bs_secret_new(size_t len, struct bs_secret **ret, struct bs_error *reterr) BS_MUST_CHECK;
enum bs_code bs_secret_copy(const void *bytes, size_t len, struct bs_secret **ret, struct bs_error *reterr)
	BS_MUST_CHECK;
/* Wipes and frees; accepts NULL; returns NULL. */
struct bs_secret *bs_secret_free(struct bs_secret *secret);

size_t bs_secret_len(const struct bs_secret *secret);
/* Borrowed until the secret is freed. Never NULL; aligned to 16, so that a cipher's context can live in a secret. */
const uint8_t *bs_secret_bytes(const struct bs_secret *secret);
uint8_t *bs_secret_data(struct bs_secret *secret);
/* Makes a secret shorter in place and wipes what was cut off; len must not exceed the present length. */
void bs_secret_shorten(struct bs_secret *secret, size_t len);
/* Constant time for equal lengths. */
bool bs_secret_equal(const struct bs_secret *a, const struct bs_secret *b);
/* True if the bytes are valid UTF-8 (RFC 3629) without NUL. */
bool bs_secret_is_text(const struct bs_secret *secret);

/*
 * Reads fd to its end, straight into locked memory. BS_TOO_LARGE if there are more than max bytes. The secret is
 * the caller's.
 */
enum bs_code bs_secret_read_fd(int fd, size_t max, struct bs_secret **ret, struct bs_error *reterr) BS_MUST_CHECK;
/* Writes all of it with write(2), nothing in between. */
enum bs_code bs_secret_write_fd(int fd, const struct bs_secret *secret, struct bs_error *reterr) BS_MUST_CHECK;

/*
 * A secret that grows while it is being written: grows by copying into a larger one and wiping the old. A sparse
 * write fills the gap with zero bytes. All sizes are checked against max given at birth: BS_TOO_LARGE.
 */
struct bs_secret_buf;
enum bs_code bs_secret_buf_new(size_t max, struct bs_secret_buf **ret, struct bs_error *reterr) BS_MUST_CHECK;
struct bs_secret_buf *bs_secret_buf_free(struct bs_secret_buf *buf);
size_t bs_secret_buf_len(const struct bs_secret_buf *buf);
const uint8_t *bs_secret_buf_bytes(const struct bs_secret_buf *buf);
enum bs_code bs_secret_buf_write(struct bs_secret_buf *buf, size_t off, const void *bytes, size_t len,
	struct bs_error *reterr) BS_MUST_CHECK;
/* Shorter: wiped; longer: zero bytes. */
enum bs_code bs_secret_buf_resize(struct bs_secret_buf *buf, size_t len, struct bs_error *reterr) BS_MUST_CHECK;
/* A copy of the present content. */
enum bs_code bs_secret_buf_copy(const struct bs_secret_buf *buf, struct bs_secret **ret, struct bs_error *reterr)
	BS_MUST_CHECK;

#pragma GCC visibility pop

static inline void bs_secret_free_ptr(struct bs_secret **p)
{
	*p = bs_secret_free(*p);
}

static inline void bs_secret_buf_free_ptr(struct bs_secret_buf **p)
{
	*p = bs_secret_buf_free(*p);
}

#endif
