/* fuzz_terminal.c: any value as a terminal may see it: text without control characters, ending in a newline. */
#include "../../core/cli/value.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

void bs_out_text(struct bs_cli *cli, const char *fmt, ...)
{
	must(cli && fmt);
}

void bs_out_secret(struct bs_cli *cli, struct bs_secret *value)
{
	must(cli && value);
}

bool bs_out_is_terminal(const struct bs_cli *cli)
{
	return cli != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *value = NULL;
	BS_CLEANUP(bs_secret_free_ptr) struct bs_secret *shown = NULL;
	size_t len;

	if (size > 4096 || bs_secret_new(size, &value, NULL) != BS_OK)
		return 0;
	if (size)
		memcpy(bs_secret_data(value), data, size);
	must(for_terminal(value, &shown, NULL) == BS_OK);
	len = bs_secret_len(shown);
	must(is_utf8(shown) && len && bs_secret_bytes(shown)[len - 1] == '\n');
	for (size_t at = 0, step; at < len; at += step) {
		uint32_t c = 0;

		step = decode(bs_secret_bytes(shown) + at, len - at, &c);
		must(step && is_shown_as_it_is(c));
	}
	return 0;
}
