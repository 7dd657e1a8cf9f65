/* error.c: codes, their columns, and filling a struct bs_error. */
#define BS_ERROR_C
#include <bus-secrets/error.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct code_row {
	enum bs_code code;
	int code_errno;
	int exit_status;
	const char *name;
	const char *text;
};

static const struct code_row rows[] = {
#define BS_CODE(name, number, code_errno, status, text) {BS_##name, code_errno, status, #name, text},
#include <bus-secrets/error.def>
#undef BS_CODE
};

static const struct code_row *row_of(enum bs_code code)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].code == code)
			return &rows[i];
	}
	return row_of(BS_INTERNAL);
}

int bs_code_errno(enum bs_code code)
{
	return row_of(code)->code_errno;
}

int bs_code_exit(enum bs_code code)
{
	return row_of(code)->exit_status;
}

const char *bs_code_text(enum bs_code code)
{
	return row_of(code)->text;
}

const char *bs_code_name(enum bs_code code)
{
	return row_of(code)->name;
}

enum bs_code bs_code_of_errno(int sys_errno)
{
	static const struct {
		int sys_errno;
		enum bs_code code;
	} map[] = {
		{ENOENT, BS_NOT_FOUND},
		{ENOTDIR, BS_NOT_FOUND},
		{EEXIST, BS_EXISTS},
		{EACCES, BS_PERMISSION},
		{EPERM, BS_PERMISSION},
		{EROFS, BS_READ_ONLY},
		{EFBIG, BS_TOO_LARGE},
		{ENOSPC, BS_NO_SPACE},
		{EDQUOT, BS_NO_SPACE},
		{EBUSY, BS_BUSY},
		{ENOMEM, BS_NO_MEMORY},
		{EINTR, BS_INTERRUPTED},
		{EOPNOTSUPP, BS_UNSUPPORTED},
		{ENOSYS, BS_UNSUPPORTED},
		{ENAMETOOLONG, BS_NAME_LONG},
	};

	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (map[i].sys_errno == sys_errno)
			return map[i].code;
	}
	return BS_IO;
}

/* Cuts a text that filled its room at a whole UTF-8 character: no half one at the end. */
static void trim_utf8(char *msg, size_t len)
{
	size_t i = len;

	while (i > 0 && len - i < 4 && ((unsigned char)msg[i - 1] & 0xc0) == 0x80)
		i--;
	if (i > 0 && ((unsigned char)msg[i - 1] & 0xc0) == 0xc0)
		msg[i - 1] = '\0';
}

BS_PRINTF(2, 0) static void format(struct bs_error *reterr, const char *fmt, va_list ap)
{
	int n = vsnprintf(reterr->msg, sizeof(reterr->msg), fmt, ap);

	if (n < 0)
		reterr->msg[0] = '\0';
	else if ((size_t)n >= sizeof(reterr->msg))
		trim_utf8(reterr->msg, sizeof(reterr->msg) - 1);
}

enum bs_code bs_error_set(struct bs_error *reterr, enum bs_code code, const char *fmt, ...)
{
	va_list ap;

	if (!reterr)
		return code;
	/* A message may be built from the one that stands there: format aside first. */
	struct bs_error fresh = {.code = code};

	va_start(ap, fmt);
	format(&fresh, fmt, ap);
	va_end(ap);
	*reterr = fresh;
	return code;
}

enum bs_code bs_error_sys(struct bs_error *reterr, int sys_errno, const char *fmt, ...)
{
	enum bs_code code = bs_code_of_errno(sys_errno);
	va_list ap;

	if (!reterr)
		return code;
	struct bs_error fresh = {.code = code, .sys_errno = sys_errno};

	va_start(ap, fmt);
	format(&fresh, fmt, ap);
	va_end(ap);

	size_t used = strlen(fresh.msg);
	char room[128];
	const char *text = strerror_r(sys_errno, room, sizeof(room));

	(void)snprintf(fresh.msg + used, sizeof(fresh.msg) - used, ": %s", text);
	*reterr = fresh;
	return code;
}
