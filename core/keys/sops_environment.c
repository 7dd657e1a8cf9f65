/* sops_environment.c: the environment with which a real sops finds the identities that we would use. */
#include "sources.h"

#include "../base/cstr.h"
#include "env_private.h"
#include <string.h>
#include <sys/mman.h>

/*
 * The text of SOPS_AGE_KEY on its way into a child's environment.
 *
 * It cannot lie in the arena: that is not there in a fork's child, which hands its environment to the kernel. So for
 * the time of the run it has a mapping of its own, locked and left out of core dumps; the child only reads it.
 */
static enum bs_code map_key(struct bs_keys *keys, struct bs_error *reterr)
{
	static const char name[] = "SOPS_AGE_KEY=";
	const struct bs_secret *key = bs_env_age_key(keys->env);
	size_t len = key ? bs_secret_len(key) : 0;
	size_t room = sizeof(name) + len;
	char *map;

	if (!len || keys->sops_key)
		return BS_OK;
	map = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return bs_error_sys(reterr, errno, "no memory for SOPS_AGE_KEY");
	(void)mlock(map, room); /* the limit was said when the arena was made; sops does not lock it either */
	(void)madvise(map, room, MADV_DONTDUMP);
	memcpy(map, name, sizeof(name) - 1);
	memcpy(map + sizeof(name) - 1, bs_secret_bytes(key), len);
	map[room - 1] = '\0';
	keys->sops_key = map;
	keys->sops_key_room = room;
	return BS_OK;
}

void bs_sops_key_free(struct bs_keys *keys)
{
	if (!keys->sops_key)
		return;
	explicit_bzero(keys->sops_key, keys->sops_key_room);
	(void)munmap(keys->sops_key, keys->sops_key_room);
	keys->sops_key = NULL;
}

/* "VARIABLE=value" of the first source in the order that is configured; *ret stays NULL if none is. */
static enum bs_code variable(const struct bs_keys *keys, const char *name, const enum bs_source_place *order,
	size_t count, char **ret, struct bs_error *reterr)
{
	for (size_t i = 0; i < count; i++) {
		const struct bs_source *source = &keys->sources[order[i]];
		const char *value = source->where ? source->where : source->command;

		if (value)
			return bs_cstr_format(ret, reterr, "%s=%s", name, value);
	}
	return BS_OK;
}

/* Joins the parts into one allocation, so that one free() is enough and the texts live as long as the list. */
static enum bs_code join(const struct bs_keys *keys, char *const texts[2], const char ***ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) const char **base = NULL;
	const char *more[4] = {NULL};
	size_t more_count = 0;
	size_t bytes = 0;
	size_t count = 0;
	enum bs_code code;
	const char **list;
	char *at;

	for (size_t i = 0; i < 2; i++) {
		if (texts[i])
			more[more_count++] = texts[i];
	}
	if (keys->sops_key)
		more[more_count++] = keys->sops_key;
	code = bs_env_for_program(keys->env, more, &base, reterr);
	if (code)
		return code;
	for (; base[count]; count++)
		bytes += base[count] == keys->sops_key ? 0 : strlen(base[count]) + 1;
	list = malloc((count + 1) * sizeof(*list) + bytes);
	if (!list)
		return bs_error_set(reterr, BS_NO_MEMORY, "out of memory for an environment");
	at = (char *)(list + count + 1);
	for (size_t i = 0; i < count; i++) {
		list[i] = base[i] == keys->sops_key ? keys->sops_key : at;
		if (list[i] == at)
			at = stpcpy(at, base[i]) + 1;
	}
	list[count] = NULL;
	*ret = list;
	return BS_OK;
}

/*
 * sops knows one key file and one key command: the first configured one of each. Its own look at keys.txt and ~/.ssh
 * stays. Nothing here comes from the workspace: its profile only chose among the user's preferences.
 */
enum bs_code bs_keys_sops_environment(struct bs_keys *keys, const char ***ret, struct bs_error *reterr)
{
	static const enum bs_source_place files[] = {BS_SOURCE_PROFILE_FILE, BS_SOURCE_PREFERENCE_FILE,
		BS_SOURCE_ENV_KEY_FILE};
	static const enum bs_source_place commands[] = {BS_SOURCE_PROFILE_COMMAND, BS_SOURCE_PREFERENCE_COMMAND,
		BS_SOURCE_ENV_KEY_COMMAND};
	char *texts[2] = {NULL, NULL};
	enum bs_code code = variable(keys, "SOPS_AGE_KEY_FILE", files, 3, &texts[0], reterr);

	if (!code)
		code = variable(keys, "SOPS_AGE_KEY_CMD", commands, 3, &texts[1], reterr);
	if (!code)
		code = map_key(keys, reterr);
	if (!code)
		code = join(keys, texts, ret, reterr);
	free(texts[0]);
	free(texts[1]);
	return code;
}

void bs_keys_free_environment(const char **envp)
{
	free(envp);
}
