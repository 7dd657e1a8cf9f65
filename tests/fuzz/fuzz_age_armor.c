/* fuzz_age_armor.c: age's armor; what is inside must come back when it is armored again. */
#include "../../core/age/armor.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const uint8_t *bytes, size_t len)
{
	uint8_t *back = NULL;
	char *text = NULL;
	size_t text_len, back_len;

	if (bs_age_armor_seal(bytes, len, &text, &text_len, NULL) ||
		!bs_age_armor_is_there((uint8_t *)text, text_len) ||
		bs_age_armor_open((uint8_t *)text, text_len, &back, &back_len, NULL))
		abort();
	if (back_len != len || memcmp(back, bytes, len) != 0)
		abort();
	free(text);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = NULL;
	size_t len;

	check_again(data, size);
	if (bs_age_armor_open(data, size, &bytes, &len, NULL))
		return 0;
	/* What can be opened must be seen as armor, or a reader would take it for a binary file. */
	if (!bs_age_armor_is_there(data, size))
		abort();
	check_again(bytes, len);
	free(bytes);
	return 0;
}
