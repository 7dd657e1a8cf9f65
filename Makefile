# bus-secrets. `make help` lists the targets; V=1 shows the commands.

VERSION := $(shell sed -n 's/^\#define BS_VERSION "\(.*\)"/\1/p' include/bus-secrets/version.h)
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
WERROR ?= -Werror
V ?=
Q := $(if $(V),,@)

PKGS := libsodium nettle
FUSE_PKGS := fuse3
try = $(shell printf 'int main(void){return 0;}' | $(CC) $(1) -x c -o /dev/null - 2>/dev/null && echo '$(1)')

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual -Wcast-align \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wpointer-arith -Wwrite-strings -Wformat=2 \
	-Wundef -Wvla -Wnull-dereference -Wimplicit-fallthrough -Wswitch-enum \
	$(if $(findstring clang,$(shell $(CC) --version 2>/dev/null)),,-Wlogical-op -Wduplicated-cond -Wduplicated-branches)
HARDEN ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong $(call try,-fstack-clash-protection) \
	$(call try,-fcf-protection) $(call try,-ftrivial-auto-var-init=zero) $(call try,-fzero-call-used-regs=used-gpr)
LDHARDEN ?= -pie -Wl$(comma)-z$(comma)relro -Wl$(comma)-z$(comma)now -Wl$(comma)-z$(comma)noexecstack -Wl$(comma)--as-needed
comma := ,

BASE_CFLAGS := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Iinclude -fPIC -fvisibility=hidden -MMD -MP \
	$(HARDEN) $(CFLAGS) $(CPPFLAGS)
LIB_CFLAGS := $(BASE_CFLAGS) $(WARN) $(WERROR) $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIB_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -ldl -lpthread
FS_CFLAGS := $(BASE_CFLAGS) $(WARN) $(WERROR) $(shell pkg-config --cflags $(FUSE_PKGS) 2>/dev/null)
FS_LIBS := $(shell pkg-config --libs $(FUSE_PKGS) 2>/dev/null)
TEST_CFLAGS := $(filter-out -Wconversion -Wsign-conversion -Wpedantic -Wnull-dereference,$(LIB_CFLAGS)) -Wno-shadow -Wno-sign-compare

LIB_SRC := $(filter-out $(wildcard core/cli/*.c),$(wildcard core/*/*.c))
CLI_SRC := $(wildcard core/cli/*.c)
FS_SRC := $(wildcard fs/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
FS_OBJ := $(FS_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)
LIB := $(BUILD)/libbus-secrets.a

SONAME := libbus-secrets.so.0
SHARED := $(BUILD)/$(SONAME)

all: $(LIB) $(SHARED) $(if $(CLI_SRC),$(BUILD)/bus-secrets) $(if $(FS_SRC),$(BUILD)/bus-secretsd)

have-packages:
	$(Q)pkg-config --exists $(PKGS) $(FUSE_PKGS) || { echo "packages are missing: make deps installs them" >&2; exit 1; }

$(BUILD)/core/%.o: core/%.c | have-packages
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $<")
	$(Q)$(CC) $(LIB_CFLAGS) -c -o $@ $<

$(BUILD)/fs/%.o: fs/%.c | have-packages
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $<")
	$(Q)$(CC) $(FS_CFLAGS) -c -o $@ $<

$(LIB): $(LIB_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(SHARED): $(LIB_OBJ)
	$(Q)$(CC) -shared $(CFLAGS) $(LDFLAGS) $(filter-out -pie,$(LDHARDEN)) -Wl,-soname,$(SONAME) -o $@ $^ $(LIB_LIBS)

$(BUILD)/bus-secrets: $(CLI_OBJ) $(LIB)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(LDHARDEN) -o $@ $^ $(LIB_LIBS)

$(BUILD)/bus-secretsd: $(FS_OBJ) $(LIB)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(LDHARDEN) -o $@ $^ $(FS_LIBS) $(LIB_LIBS)

$(BUILD)/tests/bench/bench: tests/bench/bench.c $(LIB)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIB_LIBS)

$(BUILD)/tests/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST $<")
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIB_LIBS) -lcriterion

# Programs that the vector and interoperability tests drive; zlib because some of the age vectors are compressed.
$(BUILD)/tests/vectors/%: tests/vectors/%.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST $<")
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIB_LIBS) -lz

$(BUILD)/tests/interop/%: tests/interop/%.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST $<")
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIB_LIBS)

$(BUILD)/tests/e2e/%: tests/e2e/%.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST $<")
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIB_LIBS)

# A fuzz target, over its kept inputs; and the same under clang's fuzzer, in the build that `make fuzz` makes.
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/replay_main.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST $<")
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< tests/fuzz/replay_main.c $(LIB) $(LIB_LIBS)

$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  FUZZ $<")
	$(Q)$(CC) $(TEST_CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $< $(LIB) $(LIB_LIBS)

# The fault tests' build: the core with its fault points, a driver of the replacement protocol, and the real program.
FAULT_OBJ := $(LIB_SRC:%.c=$(BUILD)/fault/%.o)
FAULT_LIB := $(BUILD)/fault/libbus-secrets.a
FAULT_DRIVER_OBJ := $(patsubst %.c,$(BUILD)/fault/%.o,$(filter-out %/store_driver.c,$(wildcard tests/fault/*.c)))

$(BUILD)/fault/core/%.o: core/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  FAULT $<")
	$(Q)$(CC) $(LIB_CFLAGS) -DBS_FAULTS -c -o $@ $<

$(BUILD)/fault/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  FAULT $<")
	$(Q)$(CC) $(TEST_CFLAGS) -DBS_FAULTS -c -o $@ $<

$(FAULT_LIB): $(FAULT_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/fault/replace_driver: $(FAULT_DRIVER_OBJ) $(FAULT_LIB)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(LDHARDEN) -o $@ $^ $(LIB_LIBS)

$(BUILD)/fault/store_driver: $(BUILD)/fault/tests/fault/store_driver.o $(FAULT_LIB)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(LDHARDEN) -o $@ $^ $(LIB_LIBS)

$(BUILD)/fault/bus-secrets: $(CLI_OBJ:$(BUILD)/%=$(BUILD)/fault/%) $(FAULT_LIB)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(LDHARDEN) -o $@ $^ $(LIB_LIBS)

# --- set-up and use --------------------------------------------------------------------------------------------------

deps: ## install what building, running and testing needs (Debian packages, sudo when not root)
	$(Q)mount-helpers/deps.sh test

deps-run: ## install what building and running needs
	$(Q)mount-helpers/deps.sh run

deps-check: ## install what analyze, fuzz and valgrind need as well
	$(Q)mount-helpers/deps.sh check

# The flags above were asked for before the packages came, hence a second make.
mount: deps-run ## set up, build, and mount ~/.bus-secrets for the workspace of the working directory
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all
	$(Q)BUILD=$(BUILD) CALLER='$(or $(PWD),$(CURDIR))' mount-helpers/make-mount.sh mount

unmount: ## take ~/.bus-secrets away again
	$(Q)BUILD=$(BUILD) mount-helpers/make-mount.sh unmount

# --- tests -----------------------------------------------------------------------------------------------------------

SH_TESTS = $(sort $(wildcard tests/$(1)/[0-9]*.sh))
TEST_TOOLS := # programs that shell tests run; rules below add to it
TEST_TOOLS += $(BUILD)/fault/replace_driver $(BUILD)/fault/store_driver $(if $(CLI_SRC),$(BUILD)/fault/bus-secrets)
TEST_TOOLS += $(BUILD)/tests/e2e/json_driver $(FUZZ_SRC:%.c=$(BUILD)/%)
TEST_TOOLS += $(BUILD)/tests/vectors/age_vectors $(BUILD)/tests/interop/age_tool $(BUILD)/tests/interop/sops_tool

test: deps ## every test; the last line says how many passed
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) all test-programs
	$(Q)BUILD=$(BUILD) tests/run.sh $(UNIT_BIN) $(call SH_TESTS,vectors) $(call SH_TESTS,e2e) $(call SH_TESTS,interop) \
		$(call SH_TESTS,fault) $(call SH_TESTS,fuzz) $(call SH_TESTS,lint)

check-unit: all test-programs ## unit tests alone
	$(Q)BUILD=$(BUILD) tests/run.sh $(UNIT_BIN)

check-e2e: all test-programs ## end-to-end tests alone
	$(Q)BUILD=$(BUILD) tests/run.sh $(call SH_TESTS,e2e)

asan: deps ## unit, end-to-end and fault tests with address and undefined-behaviour sanitizers
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) BUILD=$(BUILD)-asan HARDEN= LDHARDEN= \
		CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer" \
		all test-programs
	$(Q)BUILD=$(BUILD)-asan LIMIT=900 tests/run.sh $(UNIT_BIN:$(BUILD)/%=$(BUILD)-asan/%) $(call SH_TESTS,e2e) \
		$(call SH_TESTS,fault)

valgrind: deps-check all $(UNIT_BIN) ## unit tests under valgrind
	$(Q)BUILD=$(BUILD) tests/valgrind.sh $(UNIT_BIN)

fuzz: deps-check ## each fuzzer for FUZZ_SECONDS (10), with clang's address and undefined-behaviour sanitizers
	$(Q)$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)-fuzz HARDEN= LDHARDEN= WERROR= \
		CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" run-fuzzers

run-fuzzers: $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
	$(Q)BUILD=$(BUILD) tests/fuzz/fuzz.sh

torture: all test-programs ## the long tests
	$(Q)BUILD=$(BUILD) TORTURE=1 LIMIT=3600 tests/run.sh $(call SH_TESTS,fault) $(call SH_TESTS,e2e)

bench: all $(BUILD)/tests/bench/bench ## figures against the tools people use today, in one run
	$(Q)BUILD=$(BUILD) tests/bench/bench.sh

interop-tools: ## build sops 3.9.0 and 3.13.3 into a cache outside the tree
	$(Q)tests/interop/make-interop-tools.sh

# --- checks ----------------------------------------------------------------------------------------------------------

C_FILES = $(wildcard include/bus-secrets/*.h core/*/*.[ch] fs/*.[ch] tests/*/*.[ch])

lint: all ## layers, names, man pages, shell scripts
	$(Q)BUILD=$(BUILD) tests/run.sh $(call SH_TESTS,lint)

analyze: deps-check ## gcc -fanalyzer, clang-tidy, cppcheck, shellcheck
	$(Q)BUILD=$(BUILD) tests/lint/analyze.sh

format: ## clang-format over all C files
	$(Q)clang-format -i $(C_FILES)

# --- install ---------------------------------------------------------------------------------------------------------

bindir = $(DESTDIR)$(PREFIX)/bin
libdir = $(DESTDIR)$(PREFIX)/lib
libexecdir = $(DESTDIR)$(PREFIX)/libexec/bus-secrets
includedir = $(DESTDIR)$(PREFIX)/include/bus-secrets
mandir = $(DESTDIR)$(PREFIX)/share/man
compdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
PUBLIC_HEADERS := $(wildcard include/bus-secrets/*.h include/bus-secrets/*.def)

install: all ## programs, library, headers, man pages, completion; DESTDIR and PREFIX are honoured
	install -d $(bindir) $(libdir)/pkgconfig $(libexecdir) $(includedir) $(compdir) $(mandir)/man1 $(mandir)/man5 $(mandir)/man8
	install -m 755 $(BUILD)/bus-secrets $(bindir)/bus-secrets
	install -m 755 $(BUILD)/bus-secretsd $(libexecdir)/bus-secretsd
	install -m 644 $(LIB) $(libdir)/libbus-secrets.a
	install -m 755 $(SHARED) $(libdir)/$(SONAME)
	ln -sf $(SONAME) $(libdir)/libbus-secrets.so
	install -m 644 $(PUBLIC_HEADERS) $(includedir)/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' include/bus-secrets.pc.in >$(libdir)/pkgconfig/bus-secrets.pc
	chmod 644 $(libdir)/pkgconfig/bus-secrets.pc
	install -m 644 core/cli/bus-secrets.bash $(compdir)/bus-secrets
	install -m 644 docs/bus-secrets.1 $(mandir)/man1/
	install -m 644 docs/bus-secrets.5 $(mandir)/man5/
	install -m 644 docs/bus-secretsd.8 $(mandir)/man8/

uninstall: ## remove what install put there
	rm -f $(bindir)/bus-secrets $(libdir)/libbus-secrets.a $(libdir)/$(SONAME) $(libdir)/libbus-secrets.so \
		$(libdir)/pkgconfig/bus-secrets.pc $(compdir)/bus-secrets $(mandir)/man1/bus-secrets.1 \
		$(mandir)/man5/bus-secrets.5 $(mandir)/man8/bus-secretsd.8
	rm -rf $(libexecdir) $(includedir)

clean: ## remove everything that was built
	rm -rf $(BUILD) $(BUILD)-*

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

test-programs: $(UNIT_BIN) $(TEST_TOOLS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all deps deps-run deps-check have-packages mount unmount test check-unit check-e2e asan valgrind fuzz run-fuzzers torture bench interop-tools lint \
	analyze format install uninstall clean help test-programs
