/* inode.c: the table of nodes. */
#include "inode.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define BUCKETS 1024u

struct bs_nodes {
	uint64_t key[2];
	struct bs_node *root;
	struct bs_node *dirs[BS_SCOPE_STORED];
	struct bs_node *buckets[BUCKETS];
};

/*
 * SipHash-1-3 (Aumasson and Bernstein; one round a word, three at the end), as hash tables use it against
 * chosen keys: whoever writes names into a repository must not be able to choose two with the same number.
 */
static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[static 4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint64_t sip_hash(const uint64_t key[static 2], uint64_t first, const char *text, size_t len)
{
	uint64_t v[4] = {key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u};
	size_t done = 0;

	v[3] ^= first;
	sip_round(v);
	v[0] ^= first;
	for (bool is_last = false; !is_last;) {
		uint64_t word = 0;
		size_t part = len - done < 8 ? len - done : 8;

		is_last = part < 8;
		if (part)
			memcpy(&word, text + done, part);
		if (is_last)
			word |= (uint64_t)(len & 0xff) << 56;
		v[3] ^= word;
		sip_round(v);
		v[0] ^= word;
		done += part;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t number(const struct bs_nodes *nodes, enum bs_scope scope, const char *name)
{
	/*
	 * Bit 63 stays free: the kernel marks requests it sends again with it, and tools read signed numbers.
	 */
	uint64_t ino = sip_hash(nodes->key, (uint64_t)scope + 1, name, strlen(name)) >> 1;

	return ino > FUSE_ROOT_ID ? ino : ino + 2;
}

static struct bs_node **bucket(struct bs_nodes *nodes, fuse_ino_t ino)
{
	return &nodes->buckets[ino % BUCKETS];
}

static struct bs_node *add(
	struct bs_nodes *nodes, fuse_ino_t ino, enum bs_node_kind kind, enum bs_scope scope, const char *name)
{
	size_t len = strlen(name);
	struct bs_node *node = calloc(1, sizeof(*node) + len + 1);

	if (!node)
		return NULL;
	node->ino = ino;
	node->kind = kind;
	node->scope = scope;
	memcpy(node->name, name, len + 1);
	node->next = *bucket(nodes, ino);
	*bucket(nodes, ino) = node;
	return node;
}

struct bs_nodes *bs_nodes_new(void)
{
	struct bs_nodes *nodes = calloc(1, sizeof(*nodes));

	if (!nodes)
		return NULL;
	if (getrandom(nodes->key, sizeof(nodes->key), 0) != (ssize_t)sizeof(nodes->key))
		return bs_nodes_free(nodes);
	nodes->root = add(nodes, FUSE_ROOT_ID, BS_NODE_ROOT, BS_SCOPE_AUTO, "");
	for (int i = 0; i < BS_SCOPE_STORED && nodes->root; i++) {
		enum bs_scope scope = (enum bs_scope)i;

		nodes->dirs[i] = add(nodes, number(nodes, scope, ""), BS_NODE_DIR, scope, "");
		if (!nodes->dirs[i])
			return bs_nodes_free(nodes);
	}
	return nodes->root ? nodes : bs_nodes_free(nodes);
}

static void free_node(struct bs_node *node)
{
	free(node->alias);
	free(node);
}

struct bs_nodes *bs_nodes_free(struct bs_nodes *nodes)
{
	for (size_t i = 0; nodes && i < BUCKETS; i++) {
		while (nodes->buckets[i]) {
			struct bs_node *node = nodes->buckets[i];

			nodes->buckets[i] = node->next;
			free_node(node);
		}
	}
	free(nodes);
	return NULL;
}

struct bs_node *bs_nodes_root(struct bs_nodes *nodes)
{
	return nodes->root;
}

struct bs_node *bs_nodes_dir(struct bs_nodes *nodes, enum bs_scope scope)
{
	return nodes->dirs[scope];
}

struct bs_node *bs_node_by_ino(struct bs_nodes *nodes, fuse_ino_t ino)
{
	for (struct bs_node *node = *bucket(nodes, ino); node; node = node->next) {
		if (node->ino == ino)
			return node;
	}
	return NULL;
}

/* The node of this name, or NULL; *ret_ino is its number, or the first free one that it can have. */
static struct bs_node *seek(
	const struct bs_nodes *nodes, enum bs_scope scope, const char *name, fuse_ino_t *ret_ino)
{
	fuse_ino_t ino = number(nodes, scope, name);

	for (;;) {
		struct bs_node *node = nodes->buckets[ino % BUCKETS];

		while (node && node->ino != ino)
			node = node->next;
		*ret_ino = ino;
		if (!node ||
			(node->kind == BS_NODE_FILE && node->scope == scope && strcmp(node->name, name) == 0))
			return node;
		ino++; /* two names with one hash: once in 2^63 */
	}
}

struct bs_node *bs_node_by_name(struct bs_nodes *nodes, enum bs_scope scope, const char *name)
{
	fuse_ino_t ino;
	struct bs_node *node = seek(nodes, scope, name, &ino);

	if (!node)
		return add(nodes, ino, BS_NODE_FILE, scope, name);
	free(node->alias);
	node->alias = NULL;
	return node;
}

fuse_ino_t bs_node_number(const struct bs_nodes *nodes, enum bs_scope scope, const char *name)
{
	fuse_ino_t ino;

	(void)seek(nodes, scope, name, &ino);
	return ino;
}

struct bs_node *bs_node_target(struct bs_nodes *nodes, struct bs_node *node)
{
	return node->alias ? bs_node_by_name(nodes, node->scope, node->alias) : node;
}

/* Aliases of the old name follow to the new one: rename(a, b), rename(b, c). */
static void move_aliases(struct bs_nodes *nodes, enum bs_scope scope, const char *from, const char *to)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct bs_node *node = nodes->buckets[i]; node; node = node->next) {
			if (node->scope != scope || !node->alias || strcmp(node->alias, from) != 0)
				continue;
			char *alias = strdup(to);

			free(node->alias);
			node->alias = alias;
		}
	}
}

static void set_alias(struct bs_node *node, const char *to)
{
	free(node->alias);
	node->alias = strdup(to);
}

void bs_node_moved(
	struct bs_nodes *nodes, enum bs_scope scope, const char *from, const char *to, bool to_was_there)
{
	struct bs_node *target = bs_node_by_name(nodes, scope, to);
	fuse_ino_t ino;
	struct bs_node *old = seek(nodes, scope, from, &ino);

	move_aliases(nodes, scope, from, to);
	if (!old || !target)
		return;
	target->has_times = old->has_times;
	target->atime = old->atime;
	target->mtime = old->mtime;
	target->times_version = old->times_version;
	if (!to_was_there) {
		target->has_mode = old->has_mode;
		target->mode = old->mode;
	}
	old->has_mode = false;
	old->has_times = false;
	set_alias(old, to);
	bs_node_put(nodes, old);
	bs_node_put(nodes, target);
}

void bs_node_exchanged(struct bs_nodes *nodes, enum bs_scope scope, const char *a, const char *b)
{
	struct bs_node *first = bs_node_by_name(nodes, scope, a);
	struct bs_node *second = bs_node_by_name(nodes, scope, b);

	if (first)
		set_alias(first, b);
	if (second)
		set_alias(second, a);
}

void bs_node_removed(struct bs_nodes *nodes, enum bs_scope scope, const char *name)
{
	fuse_ino_t ino;
	struct bs_node *node = seek(nodes, scope, name, &ino);

	if (!node)
		return;
	node->has_mode = false;
	node->has_times = false;
	bs_node_put(nodes, node);
}

void bs_node_put(struct bs_nodes *nodes, struct bs_node *node)
{
	struct bs_node **at = bucket(nodes, node->ino);

	if (node->kind != BS_NODE_FILE || node->lookups || node->open_count || node->has_mode ||
		node->has_times)
		return;
	while (*at && *at != node)
		at = &(*at)->next;
	if (*at)
		*at = node->next;
	free_node(node);
}

void bs_node_forget(struct bs_nodes *nodes, fuse_ino_t ino, uint64_t count)
{
	struct bs_node *node = bs_node_by_ino(nodes, ino);

	if (!node)
		return;
	node->lookups -= count < node->lookups ? count : node->lookups;
	bs_node_put(nodes, node);
}
