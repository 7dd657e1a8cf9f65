/*
 * arena.h: locked memory in pieces, and a first-fit allocator in it.
 *
 * Layer: core/base; only secret.c uses it.
 */
#ifndef BS_ARENA_H
#define BS_ARENA_H

#include <bus-secrets/secret.h>

/* Zeroed bytes, aligned to 16. NULL with *reterr filled. */
void *bs_arena_alloc(size_t size, struct bs_error *reterr);
/* Wipes and gives back. */
void bs_arena_free(void *bytes);

#endif
