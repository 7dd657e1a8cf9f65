/*
 * ssh_key.c: OpenSSH private key files (PROTOCOL.key), those of ed25519 without a passphrase.
 *
 *	"openssh-key-v1" NUL, string cipher, string kdf, string kdf options, u32 1,
 *	string public, string private
 *	private: u32 check, the same again, string type, string key, string seed || key,
 *	string comment, 1 2 3 ...
 *
 * A string is a u32, big endian, and that many bytes. Everything lies in one secret and is read where it
 * lies.
 */
#include "ssh.h"

#include "base64.h"
#include <sodium.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 * 1024)
#define BLOCK 8

static const char any_label[] = "-----BEGIN ";
static const char begin_line[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end_line[] = "-----END OPENSSH PRIVATE KEY-----";
static const char magic[] = "openssh-key-v1"; /* its NUL is a part of it */

struct bytes {
	const uint8_t *at;
	size_t len;
};

/* The parts of the file; all borrowed from the decoded bytes. */
struct key_file {
	struct bytes cipher, public, private;
};

static bool take(struct bytes *from, size_t len, struct bytes *ret)
{
	if (len > from->len)
		return false;
	*ret = (struct bytes){from->at, len};
	from->at += len;
	from->len -= len;
	return true;
}

static bool take_u32(struct bytes *from, uint32_t *ret)
{
	struct bytes b;

	if (!take(from, 4, &b))
		return false;
	*ret = (uint32_t)b.at[0] << 24 | (uint32_t)b.at[1] << 16 | (uint32_t)b.at[2] << 8 | b.at[3];
	return true;
}

static bool take_string(struct bytes *from, struct bytes *ret)
{
	uint32_t len;

	return take_u32(from, &len) && take(from, len, ret);
}

static bool is_string(struct bytes b, const char *text)
{
	return b.len == strlen(text) && !memcmp(b.at, text, b.len);
}

static bool begins(const struct bs_secret *text, const char *with)
{
	return bs_secret_len(text) >= strlen(with) && !memcmp(bs_secret_bytes(text), with, strlen(with));
}

bool bs_ssh_is_key(const struct bs_secret *text)
{
	return begins(text, any_label);
}

/* The base64 between the two lines. */
static bool find_body(const struct bs_secret *text, const char **ret, size_t *ret_len)
{
	const char *start = (const char *)bs_secret_bytes(text) + strlen(begin_line), *end, *rest;
	size_t len = bs_secret_len(text) - strlen(begin_line);

	end = memmem(start, len, end_line, strlen(end_line));
	if (!end || end == start || end[-1] != '\n' || (start[0] != '\n' && start[0] != '\r'))
		return false;
	/* What stands behind the key would be passed over in silence. */
	for (rest = end + strlen(end_line); rest < start + len; rest++)
		if (!strchr(" \t\r\n", *rest) || !*rest)
			return false;
	*ret = start;
	*ret_len = (size_t)(end - start);
	return true;
}

/* The file's bytes and its parts. BS_MALFORMED for what is not an OpenSSH private key file at all. */
static enum bs_code decode(const struct bs_secret *text, struct bs_secret **ret, struct key_file *ret_parts,
	struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *decoded = NULL;
	struct bytes all, part;
	const char *body;
	size_t body_len, len;
	enum bs_code code;
	uint32_t count;

	if (!begins(text, begin_line) || bs_secret_len(text) > TEXT_MAX || !find_body(text, &body, &body_len))
		return BS_MALFORMED;
	code = bs_secret_new(body_len, &decoded, reterr);
	if (code)
		return code;
	if (!bs_base64_decode_lines(body, body_len, bs_secret_data(decoded), body_len, &len))
		return BS_MALFORMED;
	all = (struct bytes){bs_secret_bytes(decoded), len};
	if (!take(&all, sizeof(magic), &part) || memcmp(part.at, magic, sizeof(magic)) != 0 ||
		!take_string(&all, &ret_parts->cipher) || !take_string(&all, &part) ||
		!take_string(&all, &part) || !take_u32(&all, &count) || count != 1 ||
		!take_string(&all, &ret_parts->public) || !take_string(&all, &ret_parts->private))
		return BS_MALFORMED;
	*ret = BS_TAKE(decoded);
	return BS_OK;
}

bool bs_ssh_is_locked(const struct bs_secret *text)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *decoded = NULL;
	struct key_file parts;

	return !decode(text, &decoded, &parts, NULL) && !is_string(parts.cipher, "none");
}

static bool is_padding(struct bytes rest)
{
	if (rest.len >= BLOCK)
		return false;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.at[i] != i + 1)
			return false;
	return true;
}

/* The seed, if all that the file says of the key agrees with it. */
static bool read_private(
	const struct key_file *parts, struct bytes *ret_seed, uint8_t ret_public[static BS_AGE_POINT_BYTES])
{
	struct bytes rest = parts->private, type, public, pair, comment;
	uint8_t wire[BS_SSH_WIRE_BYTES];
	uint32_t check, again;

	if (rest.len % BLOCK || !take_u32(&rest, &check) || !take_u32(&rest, &again) || check != again ||
		!take_string(&rest, &type) || !is_string(type, "ssh-ed25519") ||
		!take_string(&rest, &public) || public.len != BS_AGE_POINT_BYTES ||
		!take_string(&rest, &pair) || pair.len != crypto_sign_ed25519_SECRETKEYBYTES ||
		!take_string(&rest, &comment) || !is_padding(rest))
		return false;
	bs_ssh_wire(public.at, wire);
	if (memcmp(pair.at + crypto_sign_ed25519_SEEDBYTES, public.at, public.len) != 0 ||
		parts->public.len != sizeof(wire) || memcmp(parts->public.at, wire, sizeof(wire)) != 0)
		return false;
	*ret_seed = (struct bytes){pair.at, crypto_sign_ed25519_SEEDBYTES};
	memcpy(ret_public, public.at, public.len);
	return true;
}

/* X25519's scalar from the seed; BS_MALFORMED if the seed is not the public key's. */
static enum bs_code make_scalar(struct bytes seed, const uint8_t public[static BS_AGE_POINT_BYTES],
	struct bs_secret **ret, struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *pair = NULL, *scalar = NULL;
	uint8_t made[BS_AGE_POINT_BYTES];
	enum bs_code code = bs_secret_new(crypto_sign_ed25519_SECRETKEYBYTES, &pair, reterr);

	if (!code)
		code = bs_secret_new(crypto_scalarmult_SCALARBYTES, &scalar, reterr);
	if (code)
		return code;
	crypto_sign_ed25519_seed_keypair(made, bs_secret_data(pair), seed.at);
	if (memcmp(made, public, sizeof(made)) != 0 ||
		crypto_sign_ed25519_sk_to_curve25519(bs_secret_data(scalar), bs_secret_bytes(pair)))
		return BS_MALFORMED;
	*ret = BS_TAKE(scalar);
	return BS_OK;
}

/* The type inside the public part, which no passphrase hides. */
static bool is_ed25519(const struct key_file *parts)
{
	struct bytes public = parts->public, type;

	return take_string(&public, &type) && is_string(type, "ssh-ed25519");
}

enum bs_code bs_ssh_read_key(const struct bs_secret *text, const char *where, struct bs_secret **ret_scalar,
	uint8_t ret_public[static BS_AGE_POINT_BYTES], struct bs_error *reterr)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *decoded = NULL;
	uint8_t public[BS_AGE_POINT_BYTES];
	struct key_file parts;
	struct bytes seed;
	enum bs_code code;

	if (!begins(text, begin_line))
		return bs_error_set(reterr, BS_NO_IDENTITY,
			"%s: a private key of a form that cannot be used here; ed25519 keys as ssh-keygen "
			"makes them can",
			where);
	code = decode(text, &decoded, &parts, reterr);
	if (!code && !is_ed25519(&parts))
		return bs_error_set(reterr, BS_NO_IDENTITY,
			"%s: an SSH key of a kind that cannot be used here; ed25519 can", where);
	if (!code && !is_string(parts.cipher, "none"))
		return bs_error_set(reterr, BS_NO_IDENTITY,
			"%s: locked: this SSH key is protected by a passphrase", where);
	if (!code)
		code = read_private(&parts, &seed, public) ? make_scalar(seed, public, ret_scalar, reterr)
							   : BS_MALFORMED;
	if (code == BS_MALFORMED)
		return bs_error_set(reterr, code, "%s: is not a valid OpenSSH private key", where);
	if (!code)
		memcpy(ret_public, public, sizeof(public));
	return code;
}
