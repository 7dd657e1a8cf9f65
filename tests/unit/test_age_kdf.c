/* test_age_kdf.c: the derivations of age against worked examples. */
#include "../../core/age/kdf.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

struct hkdf_case {
	char what[16];
	char ikm[80], salt[160], info[40], want[80];
};

static size_t unhex(const char *hex, uint8_t *out, size_t room)
{
	size_t len;

	cr_assert_eq(sodium_hex2bin(out, room, hex, strlen(hex), NULL, &len, NULL), 0);
	return len;
}

#define SHARE "4c4885d32a6aafe6e9bdca973720952692fb3aec0f755c0f2fb29011b1433827"
#define RECIPIENT "36dcec3f5f24739a0c8b36cbb4ffa25729a94a51d41fb205a37419fe7f5adb2a"
#define FILE_KEY "59454c4c4f57205355424d4152494e45"
#define SSH_WIRE \
	"0000000b7373682d6564323535313900000020" \
	"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"
#define SSH_SHARE "d7b5e81d336e578b13b8d706e82d061e3038c96bce66cdcf50d566b96ddbba10"
#define SSH_POINT "4701d08488451f545a409fb58ae3e58581ca40ac3f7f114698cd71deac73ca01"

ParameterizedTestParameters(age_kdf, gives_the_worked_examples_keys)
{
	static struct hkdf_case cases[] = {
		{"X25519 wrap", "3e6809a7c389ed0a1462d2e3a283ef87f1e205393ce0036916c2ddca6622a370",
			SHARE RECIPIENT, "age-encryption.org/v1/X25519",
			"5e7e89500119f0097a93c06cc172436782b9f8da89dd736352321e19923706b8"},
		{"header MAC", FILE_KEY, "", "header",
			"a4bf3b9f4e908993e678eb71e558faedac5829d1d632c50225217c066fec77d2"},
		{"payload", FILE_KEY, "eecf62c7ce91b433274e68d4f2f9134c", "payload",
			"6b6c189a7af0e7b1dba932c87080d8926b2de53fbf9eac516394701223669022"},
		{"SSH tweak", "", SSH_WIRE, "age-encryption.org/v1/ssh-ed25519",
			"23c641e1934b14cf8b41bb49ff6fb00234918e5d80cd3fd6bef8e516ffaadabc"},
		{"SSH wrap", "ea7a67f005fc571bd252349c2aba3b4b6db42f346b4f71864e0cf335fd176073",
			SSH_SHARE SSH_POINT, "age-encryption.org/v1/ssh-ed25519",
			"4f8641eec73aea09bc13244a137696ed843d58d2a85a0dbeb0db76499949bf3f"},
	};

	return cr_make_param_array(struct hkdf_case, cases, sizeof(cases) / sizeof(cases[0]));
}

ParameterizedTest(struct hkdf_case *c, age_kdf, gives_the_worked_examples_keys)
{
	uint8_t ikm[80], salt[80], want[BS_KDF_BYTES], got[BS_KDF_BYTES];
	size_t ikm_len = unhex(c->ikm, ikm, sizeof(ikm)), salt_len = unhex(c->salt, salt, sizeof(salt));
	struct bs_kdf kdf;

	cr_assert_eq(unhex(c->want, want, sizeof(want)), sizeof(want));
	bs_kdf_hkdf(&kdf, ikm_len ? ikm : NULL, ikm_len, salt_len ? salt : NULL, salt_len, c->info, got);
	cr_assert(!memcmp(got, want, sizeof(got)), "%s", c->what);
}
