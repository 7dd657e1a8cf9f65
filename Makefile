# bus-secrets: `make help` lists the targets.

VERSION := $(shell sed -n 's/^\#define BS_VERSION "\(.*\)"/\1/p' include/bus-secrets/version.h)
CC ?= cc
BUILD ?= build
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
WERROR ?= -Werror
V ?=
Q := $(if $(V),,@)

PKGS := libsodium nettle libcjson
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
TEST_CFLAGS := $(filter-out -Wconversion -Wsign-conversion -Wpedantic -Wnull-dereference,$(LIB_CFLAGS)) -Wno-shadow

LIB_SRC := $(filter-out $(wildcard core/cli/*.c),$(wildcard core/*/*.c))
CLI_SRC := $(wildcard core/cli/*.c)
FS_SRC := $(wildcard fs/*.c)
UNIT_SRC := $(wildcard tests/unit/test_*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)
FS_OBJ := $(FS_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)
LIB := $(BUILD)/libbus-secrets.a

all: $(LIB) $(if $(CLI_SRC),$(BUILD)/bus-secrets) $(if $(FS_SRC),$(BUILD)/bus-secretsd)

$(BUILD)/core/%.o: core/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $<")
	$(Q)$(CC) $(LIB_CFLAGS) -c -o $@ $<

$(BUILD)/fs/%.o: fs/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $<")
	$(Q)$(CC) $(FS_CFLAGS) -c -o $@ $<

$(LIB): $(LIB_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/bus-secrets: $(CLI_OBJ) $(LIB)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(LDHARDEN) -o $@ $^ $(LIB_LIBS)

$(BUILD)/bus-secretsd: $(FS_OBJ) $(LIB)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(LDHARDEN) -o $@ $^ $(FS_LIBS) $(LIB_LIBS)

$(BUILD)/tests/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	$(if $(V),,@echo "  TEST $<")
	$(Q)$(CC) $(TEST_CFLAGS) $(LDFLAGS) -o $@ $< $(LIB) $(LIB_LIBS) -lcriterion

check-unit: $(UNIT_BIN)
	$(Q)for t in $(UNIT_BIN); do echo "$$t"; $$t || exit 1; done

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
.PHONY: all check-unit clean
