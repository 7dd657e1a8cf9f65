/*
 * arena.c: where secrets live.
 *
 * The arena is a list of pieces. A piece is one anonymous mapping with a page without access on either side; what
 * lies between is locked, left out of core dumps, and not there after fork. We check mlock's own answer, because
 * sodium_malloc() hides a failed lock and costs a page and four mappings a secret (specs/fuse.md section 10).
 *
 * Inside a piece blocks lie one after another, each with a header that holds its size and whether it is free. A
 * freed block is wiped at once and joined with free neighbours to its right; joining to the left happens while
 * searching, so the walk that looks for room also mends. Pieces are few and blocks hundreds at most: first fit is
 * both simple and quick enough. Nothing of a free block but its header is ever non-zero.
 */
#include "arena.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct block {
	size_t size; /* of the bytes behind this header, a multiple of 16 */
	size_t used; /* 0: free */
};

struct piece {
	struct piece *next;
	uint8_t *map;    /* with the guard pages */
	size_t map_size;
	uint8_t *start;  /* first block */
	size_t size;
	bool is_locked;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct piece *pieces; /* descriptions on the ordinary heap; they hold no secret bytes */
static enum bs_lock_policy policy = BS_LOCK_WARN;
static size_t first_size = BS_ARENA_COMMAND;
static size_t used_bytes;
static int lock_errno;

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t round_up(size_t n, size_t unit)
{
	return (n + unit - 1) / unit * unit;
}

static enum bs_code refuse_unlocked(int err, size_t size, struct bs_error *reterr)
{
	struct rlimit limit = {0, 0};

	(void)getrlimit(RLIMIT_MEMLOCK, &limit);
	return bs_error_set(reterr, BS_NO_MEMORY,
		"cannot lock %zu KiB of memory (%s; limit %llu KiB): raise it with 'ulimit -l' or LimitMEMLOCK=, or "
		"allow unlocked memory with memlock=warn",
		size / 1024, strerrorname_np(err), (unsigned long long)limit.rlim_cur / 1024);
}

/* Locks and touches: locking alone brings the pages in, but a lock that failed under BS_LOCK_WARN did not. */
static enum bs_code lock_piece(struct piece *piece, struct bs_error *reterr)
{
	piece->is_locked = mlock(piece->start, piece->size) == 0;
	if (!piece->is_locked) {
		lock_errno = errno;
		if (policy == BS_LOCK_REFUSE)
			return refuse_unlocked(errno, piece->size, reterr);
	}
	return BS_OK;
}

static void unmap_piece(struct piece *piece)
{
	(void)munmap(piece->map, piece->map_size);
	free(piece);
}

static enum bs_code map_piece(size_t at_least, struct piece **ret, struct bs_error *reterr)
{
	size_t page = page_size();
	size_t want = at_least + sizeof(struct block);
	size_t size = round_up(want > first_size ? want : first_size, page);
	struct piece *piece = calloc(1, sizeof(*piece));

	if (!piece)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory");
	piece->map_size = size + 2 * page;
	piece->map = mmap(NULL, piece->map_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (piece->map == MAP_FAILED) {
		free(piece);
		return bs_error_sys(reterr, errno, "cannot map %zu KiB for secrets", size / 1024);
	}
	piece->start = piece->map + page;
	piece->size = size;
	if (mprotect(piece->start, size, PROT_READ | PROT_WRITE) || madvise(piece->start, size, MADV_DONTDUMP) ||
		madvise(piece->start, size, MADV_DONTFORK)) {
		enum bs_code code = bs_error_sys(reterr, errno, "cannot set up memory for secrets");

		unmap_piece(piece);
		return code;
	}

	enum bs_code code = lock_piece(piece, reterr);

	if (code) {
		unmap_piece(piece);
		return code;
	}
	*(struct block *)(void *)piece->start = (struct block){.size = size - sizeof(struct block)};
	*ret = piece;
	return BS_OK;
}

static struct block *next_block(const struct piece *piece, struct block *block)
{
	uint8_t *next = (uint8_t *)(block + 1) + block->size;

	return next < piece->start + piece->size ? (struct block *)(void *)next : NULL;
}

static void join_right(const struct piece *piece, struct block *block)
{
	struct block *next = next_block(piece, block);

	while (next && !next->used) {
		block->size += sizeof(*next) + next->size;
		*next = (struct block){0};
		next = next_block(piece, block);
	}
}

static void *take_from(struct piece *piece, size_t size)
{
	for (struct block *b = (struct block *)(void *)piece->start; b; b = next_block(piece, b)) {
		if (b->used)
			continue;
		join_right(piece, b);
		if (b->size < size)
			continue;
		if (b->size >= size + 2 * sizeof(struct block)) {
			struct block *rest = (struct block *)(void *)((uint8_t *)(b + 1) + size);

			*rest = (struct block){.size = b->size - size - sizeof(*rest)};
			b->size = size;
		}
		b->used = 1;
		used_bytes += b->size + sizeof(*b);
		return b + 1;
	}
	return NULL;
}

static enum bs_code grow(size_t size, struct bs_error *reterr)
{
	struct piece *piece;
	enum bs_code code = map_piece(size, &piece, reterr);

	if (code)
		return code;
	piece->next = pieces;
	pieces = piece;
	return BS_OK;
}

void *bs_arena_alloc(size_t size, struct bs_error *reterr)
{
	void *found = NULL;

	size = round_up(size ? size : 1, 16);
	(void)pthread_mutex_lock(&lock);
	for (struct piece *p = pieces; p && !found; p = p->next)
		found = take_from(p, size);
	if (!found && grow(size, reterr) == BS_OK)
		found = take_from(pieces, size);
	(void)pthread_mutex_unlock(&lock);
	return found;
}

/* A piece beyond the first that became empty goes back to the system: locked memory is scarce. */
static void drop_if_empty(struct piece **link)
{
	struct piece *piece = *link;
	struct block *first = (struct block *)(void *)piece->start;

	if (!piece->next || first->used)
		return;
	join_right(piece, first);
	if (next_block(piece, first))
		return;
	*link = piece->next;
	unmap_piece(piece);
}

void bs_arena_free(void *bytes)
{
	struct block *block = (struct block *)bytes - 1;
	uint8_t *at = bytes;

	(void)pthread_mutex_lock(&lock);
	sodium_memzero(bytes, block->size);
	used_bytes -= block->size + sizeof(*block);
	block->used = 0;
	for (struct piece **link = &pieces; *link; link = &(*link)->next) {
		if (at > (*link)->start && at < (*link)->start + (*link)->size) {
			join_right(*link, block);
			drop_if_empty(link);
			break;
		}
	}
	(void)pthread_mutex_unlock(&lock);
}

enum bs_code bs_arena_start(size_t bytes, enum bs_lock_policy want, struct bs_error *reterr)
{
	enum bs_code code = BS_OK;

	(void)pthread_mutex_lock(&lock);
	if (pieces) {
		code = bs_error_set(reterr, BS_INTERNAL, "the memory for secrets was started already");
	} else {
		policy = want;
		first_size = bytes;
		code = grow(0, reterr);
		/* Later pieces need not be as large as a daemon's first one. */
		first_size = bytes < BS_ARENA_COMMAND ? bytes : BS_ARENA_COMMAND;
	}
	(void)pthread_mutex_unlock(&lock);
	return code;
}

enum bs_code bs_arena_restart(struct bs_error *reterr)
{
	(void)pthread_mutex_lock(&lock);
	/* The mappings did not come along (MADV_DONTFORK): only their descriptions are to be forgotten. */
	while (pieces) {
		struct piece *next = pieces->next;

		free(pieces);
		pieces = next;
	}
	used_bytes = 0;
	lock_errno = 0;

	enum bs_code code = grow(0, reterr);

	(void)pthread_mutex_unlock(&lock);
	return code;
}

void bs_arena_get_status(struct bs_arena_status *ret)
{
	(void)pthread_mutex_lock(&lock);
	*ret = (struct bs_arena_status){.used = used_bytes, .lock_errno = lock_errno};
	for (struct piece *p = pieces; p; p = p->next) {
		ret->size += p->size;
		ret->locked += p->is_locked ? p->size : 0;
	}
	(void)pthread_mutex_unlock(&lock);
}
