/*
 * fuzz_age_header.c: whole age files, decrypted with an X25519 identity, an SSH one and a passphrase.
 *
 * What the header's reader takes, its writer must give back byte by byte. Work factors over 12 are left out:
 * a slow scrypt is no finding.
 */
#include "../../core/age/age.h"
#include "../../core/age/header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key_file[] = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0\n";

static struct bs_age_identities *make_identities(void)
{
	struct bs_age_identities *ids = NULL;
	struct bs_secret *text = NULL;

	if (bs_age_identities_new(&ids, NULL) ||
		bs_secret_copy(key_file, sizeof(key_file) - 1, &text, NULL) ||
		bs_age_identities_parse(ids, text, "key", NULL, NULL))
		abort();
	bs_secret_free(text);
	if (bs_secret_copy("password", 8, &text, NULL) || bs_age_identities_add_passphrase(ids, text, NULL))
		abort();
	bs_secret_free(text);
	return ids;
}

static bool is_slow(const struct bs_age_header *header)
{
	size_t len;
	const char *work = header->count == 1 && bs_age_stanza_is(&header->stanzas[0], "scrypt")
				   ? bs_age_stanza_arg(&header->stanzas[0], 2, &len)
				   : NULL;

	return work && len == 2 && (work[0] != '1' || work[1] > '2');
}

/* True if the file is worth decrypting. */
static bool check_header(const uint8_t *data, size_t size)
{
	struct bs_age_header header = {0};
	uint8_t *text = NULL;
	size_t len;
	bool is_worth;

	if (bs_age_header_read(data, size, &header, NULL))
		return true;
	if (bs_age_header_write(header.stanzas, header.count, 0, &text, &len, NULL))
		abort();
	bs_age_header_write_mac(header.mac, text + len);
	if (len + BS_AGE_MAC_LINE_REST != header.len || memcmp(text, data, header.len) != 0)
		abort();
	is_worth = !is_slow(&header);
	free(text);
	bs_age_header_release(&header);
	return is_worth;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct bs_age_identities *ids;
	struct bs_secret *plain = NULL;
	enum bs_age_failure failure;
	enum bs_code code;

	if (!ids)
		ids = make_identities();
	bs_age_wants_passphrase(data, size);
	if (!check_header(data, size))
		return 0;
	code = bs_age_decrypt(data, size, ids, &plain, &failure, NULL);
	if ((code == BS_OK) != (plain != NULL) || (code == BS_OK) != (failure == BS_AGE_OK))
		abort();
	bs_secret_free(plain);
	return 0;
}
