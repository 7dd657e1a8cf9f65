#include "enc.h"

#include "b64.h"
#include "number.h"
#include "rfc3339.h"

#include <string.h>

#define HEAD "ENC[AES256_GCM,data:"

static const char *const type_names[] = {
	[BS_ENC_STR] = "str",
	[BS_ENC_INT] = "int",
	[BS_ENC_FLOAT] = "float",
	[BS_ENC_BOOL] = "bool",
	[BS_ENC_TIME] = "time",
	[BS_ENC_COMMENT] = "comment",
};

bool bs_enc_is_meant(const char *text, size_t len)
{
	return len >= 4 && !memcmp(text, "ENC[", 4);
}

const char *bs_enc_type_name(enum bs_enc_type type)
{
	return type_names[type];
}

/* Takes what stands before `stop` off the front of the text, and stop itself; NULL if stop is missing. */
static const char *part(const char **text, size_t *left, const char *stop, size_t *ret_len)
{
	size_t stop_len = strlen(stop);
	const char *start = *text;
	const char *end = memchr(start, stop[0], *left);

	if (!end || *left - (size_t)(end - start) < stop_len || memcmp(end, stop, stop_len) != 0)
		return NULL;
	*ret_len = (size_t)(end - start);
	*text = end + stop_len;
	*left -= *ret_len + stop_len;
	return start;
}

static bool find_type(const char *name, size_t len, enum bs_enc_type *ret)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (strlen(type_names[i]) == len && !memcmp(type_names[i], name, len)) {
			*ret = (enum bs_enc_type)i;
			return true;
		}
	}
	return false;
}

const char *bs_enc_parse(const char *text, size_t len, struct bs_enc *ret)
{
	struct bs_enc enc = {0};
	const char *type;
	size_t type_len, iv_bytes, tag_bytes;

	if (len < strlen(HEAD) || memcmp(text, HEAD, strlen(HEAD)) != 0)
		return "it does not begin with " HEAD;
	text += strlen(HEAD);
	len -= strlen(HEAD);
	enc.data = part(&text, &len, ",iv:", &enc.data_len);
	enc.iv = enc.data ? part(&text, &len, ",tag:", &enc.iv_len) : NULL;
	enc.tag = enc.iv ? part(&text, &len, ",type:", &enc.tag_len) : NULL;
	type = enc.tag ? part(&text, &len, "]", &type_len) : NULL;
	if (!type || len)
		return "it has not exactly the parts data, iv, tag and type";
	if (!find_type(type, type_len, &enc.type))
		return "its type is none of str, int, float, bool, time, comment";
	if (!bs_b64_check(enc.data, enc.data_len, &enc.len))
		return "its data is no base64";
	if (!bs_b64_check(enc.iv, enc.iv_len, &iv_bytes) || iv_bytes < 8 || iv_bytes > BS_ENC_IV_MAX)
		return "its iv is not base64 of 8 to 128 bytes";
	if (!bs_b64_check(enc.tag, enc.tag_len, &tag_bytes) || tag_bytes != BS_ENC_TAG_BYTES)
		return "its tag is not base64 of 16 bytes";
	*ret = enc;
	return NULL;
}

bool bs_enc_is_canonical(enum bs_enc_type type, const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes;

	switch (type) {
	case BS_ENC_STR:
	case BS_ENC_COMMENT:
		return true;
	case BS_ENC_INT:
		return bs_number_is_int(text, len);
	case BS_ENC_FLOAT:
		return bs_number_is_float(text, len);
	case BS_ENC_BOOL:
		return (len == 4 && !memcmp(text, "True", 4)) || (len == 5 && !memcmp(text, "False", 5));
	case BS_ENC_TIME:
		return bs_rfc3339_is_canonical(text, len);
	default:
		return false;
	}
}
