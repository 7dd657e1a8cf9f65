/*
 * age_vectors.c: runs the age test vectors of C2SP/CCTV (143 files; fetch-age-vectors.sh gets them).
 *
 *	age_vectors DIRECTORY
 *
 * One line a file: PASS name, FAIL name: why, SKIP name: reason. Exit status 1 if one failed or none ran.
 * Beside the class of each file and the hash of what was released, where nothing says otherwise: the header is
 * written again and must be the same, a payload is sealed again with the same key and nonce, and armor is made
 * again.
 */
#include "../../core/age/age.h"
#include "../../core/age/armor.h"
#include "../../core/age/decrypt.h"
#include "../../core/age/header.h"
#include "../../core/age/stream.h"

#include <sodium.h>
#include <string.h>
#include <zlib.h>

#define FILE_MAX ((size_t)32 * 1024 * 1024)
#define KEYS_MAX 16

struct vector {
	const char *name;
	uint8_t *raw, *file;
	size_t raw_len, file_len;
	char *keys[KEYS_MAX], *values[KEYS_MAX];
	size_t count;
};

struct outcome {
	enum bs_age_failure failure;
	struct bs_secret *released;
	struct bs_error error;
};

static const struct {
	const char *expect;
	enum bs_age_failure failure;
} classes[] = {
	{"success", BS_AGE_OK},
	{"header failure", BS_AGE_HEADER},
	{"armor failure", BS_AGE_ARMOR},
	{"payload failure", BS_AGE_PAYLOAD},
	{"no match", BS_AGE_NO_MATCH},
	{"HMAC failure", BS_AGE_HMAC},
};

static const char *class_name(enum bs_age_failure failure)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].failure == failure)
			return classes[i].expect;
	return "?";
}

static const char *value_of(const struct vector *v, const char *key)
{
	for (size_t i = 0; i < v->count; i++)
		if (!strcmp(v->keys[i], key))
			return v->values[i];
	return NULL;
}

static bool read_all(const char *dir, const char *name, uint8_t **ret, size_t *ret_len)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	BS_CLEANUP(bs_close_file) FILE *file = NULL;
	uint8_t *bytes = malloc(FILE_MAX);

	if (asprintf(&path, "%s/%s", dir, name) < 0 || !(file = fopen(path, "rbe")) || !bytes) {
		free(bytes);
		return false;
	}
	*ret_len = fread(bytes, 1, FILE_MAX, file);
	*ret = bytes;
	return !ferror(file);
}

/* "key: value" lines up to the first empty one. Returns what is wrong, or NULL. */
static const char *parse(struct vector *v)
{
	static const char *const known[] = {"expect", "file key", "identity", "payload", "comment", "armored",
		"passphrase", "compressed"};
	char *at = (char *)v->raw, *end = at + v->raw_len;

	for (;;) {
		char *lf = memchr(at, '\n', (size_t)(end - at)), *colon;
		bool is_known = false;

		if (!lf)
			return "the file has no empty line";
		*lf = '\0';
		if (lf == at) {
			v->file = (uint8_t *)lf + 1;
			v->file_len = (size_t)(end - lf - 1);
			return NULL;
		}
		colon = strstr(at, ": ");
		if (!colon || v->count == KEYS_MAX)
			return "a line of the file's head cannot be read";
		*colon = '\0';
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known |= !strcmp(at, known[i]);
		if (!is_known)
			return "unknown key in the file's head";
		v->keys[v->count] = at;
		v->values[v->count++] = colon + 2;
		at = lf + 1;
	}
}

static bool inflate_file(struct vector *v, uint8_t **ret_memory)
{
	uLongf len = FILE_MAX;
	uint8_t *out = malloc(FILE_MAX);

	*ret_memory = out;
	if (!out || uncompress(out, &len, v->file, (uLong)v->file_len) != Z_OK)
		return false;
	v->file = out;
	v->file_len = len;
	return true;
}

static bool add_identities(const struct vector *v, struct bs_age_identities *ids, struct bs_error *error)
{
	for (size_t i = 0; i < v->count; i++) {
		BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *text = NULL;
		bool is_identity = !strcmp(v->keys[i], "identity");
		enum bs_code code;

		if (!is_identity && strcmp(v->keys[i], "passphrase") != 0)
			continue;
		code = bs_secret_copy(v->values[i], strlen(v->values[i]), &text, error);
		if (!code && is_identity)
			code = bs_age_identities_parse(ids, text, v->name, NULL, error);
		else if (!code)
			code = bs_age_identities_add_passphrase(ids, text, error);
		if (code)
			return false;
	}
	return true;
}

static bool is_hash(const struct bs_secret *released, const char *hex)
{
	uint8_t hash[crypto_hash_sha256_BYTES];
	char text[2 * sizeof(hash) + 1];

	crypto_hash_sha256(
		hash, released ? bs_secret_bytes(released) : NULL, released ? bs_secret_len(released) : 0);
	sodium_bin2hex(text, sizeof(text), hash, sizeof(hash));
	return !strcmp(text, hex);
}

/* The header written from its parts must be the header that was read. */
static const char *check_header_again(const uint8_t *file, size_t len)
{
	BS_CLEANUP(bs_age_header_release) struct bs_age_header header = {0};
	BS_CLEANUP(bs_free_ptr) uint8_t *text = NULL;
	size_t text_len;

	if (bs_age_header_read(file, len, &header, NULL))
		return "the header does not parse";
	if (bs_age_header_write(header.stanzas, header.count, 0, &text, &text_len, NULL))
		return "the header cannot be written";
	bs_age_header_write_mac(header.mac, text + text_len);
	text_len += BS_AGE_MAC_LINE_REST;
	return text_len == header.len && !memcmp(text, file, text_len) ? NULL
								       : "the header written again differs";
}

/* The plaintext sealed with the same file key and nonce must be the payload that was read. */
static const char *check_payload_again(
	const struct vector *v, const uint8_t *file, size_t len, const struct bs_secret *plain)
{
	BS_CLEANUP(bs_age_header_release) struct bs_age_header header = {0};
	BS_CLEANUP(bs_free_ptr) uint8_t *sealed = NULL;
	size_t sealed_len = bs_age_stream_sealed_len(bs_secret_len(plain)), start, got;
	uint8_t file_key[BS_AGE_FILE_KEY_BYTES];
	const char *hex = value_of(v, "file key");

	if (!hex || sodium_hex2bin(file_key, sizeof(file_key), hex, strlen(hex), NULL, &got, NULL) ||
		bs_age_header_read(file, len, &header, NULL))
		return "no file key to seal again with";
	start = header.len + BS_AGE_STREAM_NONCE_BYTES;
	sealed = malloc(sealed_len);
	if (!sealed || bs_age_stream_seal(file_key, file + header.len, bs_secret_bytes(plain),
			       bs_secret_len(plain), sealed, NULL))
		return "the payload cannot be sealed";
	return sealed_len == len - start && !memcmp(sealed, file + start, sealed_len)
		       ? NULL
		       : "the payload sealed again differs";
}

/* Armor may differ in its line ends and in what is around it, so what is inside is compared. */
static const char *check_armor_again(const uint8_t *file, size_t len)
{
	BS_CLEANUP(bs_free_ptr) char *text = NULL;
	BS_CLEANUP(bs_free_ptr) uint8_t *back = NULL;
	size_t text_len, back_len;

	if (bs_age_armor_seal(file, len, &text, &text_len, NULL) ||
		bs_age_armor_open((uint8_t *)text, text_len, &back, &back_len, NULL))
		return "armor made again cannot be read";
	return back_len == len && !memcmp(back, file, len) ? NULL : "armor made again holds something else";
}

static const char *judge(
	const struct vector *v, const uint8_t *file, size_t len, const struct outcome *outcome)
{
	static char why[BS_ERROR_MSG + 128];
	const char *expect = value_of(v, "expect"), *payload = value_of(v, "payload"), *problem = NULL;

	if (!expect || strcmp(expect, class_name(outcome->failure)) != 0) {
		snprintf(why, sizeof(why), "expected %s, got %s (%s)", expect ? expect : "?",
			class_name(outcome->failure), outcome->error.msg);
		return why;
	}
	if (payload && !is_hash(outcome->released, payload))
		return "what was released has another hash";
	if (outcome->failure == BS_AGE_HEADER || outcome->failure == BS_AGE_ARMOR)
		return NULL;
	problem = check_header_again(file, len);
	if (!problem && outcome->failure == BS_AGE_OK)
		problem = check_payload_again(v, file, len, outcome->released);
	if (!problem && outcome->failure == BS_AGE_OK && value_of(v, "armored"))
		problem = check_armor_again(file, len);
	return problem;
}

static const char *run(struct vector *v)
{
	BS_CLEANUP(bs_age_identities_free_ptr) struct bs_age_identities *ids = NULL;
	BS_CLEANUP(bs_free_ptr) uint8_t *inflated = NULL, *binary = NULL;
	struct outcome outcome = {0};
	const uint8_t *file;
	size_t len;
	const char *problem;
	enum bs_code code;

	if (value_of(v, "compressed") && !inflate_file(v, &inflated))
		return "cannot be inflated";
	file = v->file;
	len = v->file_len;
	if (bs_age_identities_new(&ids, &outcome.error) || !add_identities(v, ids, &outcome.error))
		return "its identities cannot be read";
	if (value_of(v, "armored") &&
		bs_age_armor_open(v->file, v->file_len, &binary, &len, &outcome.error)) {
		outcome.failure = BS_AGE_ARMOR;
		return judge(v, NULL, 0, &outcome);
	}
	file = binary ? binary : file;
	code = bs_age_decrypt_binary(file, len, ids, &outcome.released, &outcome.failure, &outcome.error);
	/* A failure of no class, such as no memory, is none of the file's. */
	problem = code && !outcome.failure ? "failed for a reason of its own" : judge(v, file, len, &outcome);
	bs_secret_free(outcome.released);
	return problem;
}

/* Files that want ML-KEM, by name: so that none is ever skipped by mistake. */
static bool is_hybrid(const char *name)
{
	static const char *const names[] = {"armor_hybrid", "hybrid", "hybrid_and_x25519", "hybrid_bad_tag",
		"hybrid_currupted_enc_mlkem", "hybrid_currupted_enc_x25519", "hybrid_extra_argument",
		"hybrid_grease", "hybrid_identity", "hybrid_long_file_key", "hybrid_long_share",
		"hybrid_low_order", "hybrid_multiple_recipients", "hybrid_no_match",
		"hybrid_not_canonical_body", "hybrid_not_canonical_enc", "hybrid_short_share",
		"hybrid_uppercase", "hybrid_x25519_arg"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

struct totals {
	size_t passed, failed, skipped;
};

static void run_file(const char *dir, const char *name, struct totals *totals)
{
	struct vector v = {.name = name};
	const char *problem;

	if (is_hybrid(name)) {
		printf("SKIP %s: post-quantum identity, and this build has no ML-KEM\n", name);
		totals->skipped++;
		return;
	}
	problem = read_all(dir, name, &v.raw, &v.raw_len) ? parse(&v) : "cannot be read";
	if (!problem)
		problem = run(&v);
	if (problem) {
		printf("FAIL %s: %s\n", name, problem);
		totals->failed++;
	} else {
		printf("PASS %s\n", name);
		totals->passed++;
	}
	free(v.raw);
}

static int is_not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	struct totals totals = {0};
	struct dirent **entries;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: age_vectors DIRECTORY\n");
		return 2;
	}
	count = scandir(argv[1], &entries, is_not_hidden, alphasort);
	if (count < 0) {
		perror(argv[1]);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		run_file(argv[1], entries[i]->d_name, &totals);
		free(entries[i]);
	}
	free(entries);
	fprintf(stderr, "age vectors: %zu passed, %zu failed, %zu skipped\n", totals.passed, totals.failed,
		totals.skipped);
	return totals.failed || !totals.passed;
}
