/* cmd_workspace.c: bus-secrets workspace add, remove, list, path. */
#include "cli.h"

#include <string.h>

/* Relative to the directory of the call; bs_cli_open_env() has gone there. */
static const char *dir_of(const struct bs_cli *cli)
{
	return cli->operand_count > 1 ? cli->operands[1] : bs_env_cwd(cli->env);
}

static void put_path(struct bs_cli *cli, const char *path)
{
	struct bs_json_out *json;

	if (cli->format == BS_FORMAT_TEXT) {
		bs_out_line(cli, path);
		return;
	}
	json = bs_json_out_new();
	bs_json_out_object(json);
	bs_json_out_key(json, "path");
	bs_json_out_string(json, path);
	bs_json_out_end(json);
	bs_out_json(cli, json);
}

static enum bs_code add(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	enum bs_code code = bs_workspaces_add(cli->env, dir_of(cli), true, &path, reterr);

	if (code == BS_OK)
		put_path(cli, path);
	return code;
}

static enum bs_code forget(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	enum bs_code code = bs_workspaces_remove(cli->env, dir_of(cli), &path, reterr);

	if (code == BS_OK)
		put_path(cli, path);
	return code;
}

static enum bs_code list(struct bs_cli *cli, struct bs_error *reterr)
{
	struct bs_strings known = {0};
	struct bs_json_out *json;
	enum bs_code code = bs_workspaces_list(cli->env, &known, reterr);

	if (code != BS_OK)
		return code;
	if (cli->format == BS_FORMAT_JSON) {
		json = bs_json_out_new();
		bs_json_strings(json, NULL, &known);
		bs_out_json(cli, json);
	}
	for (size_t i = 0; cli->format == BS_FORMAT_TEXT && i < known.count; i++)
		bs_out_line(cli, known.items[i]);
	bs_strings_release(&known);
	return BS_OK;
}

/* The mount need not be there: container recipes are written before it is. */
static enum bs_code mount_dir(struct bs_cli *cli, char **ret, struct bs_error *reterr)
{
	const char *given = bs_cli_option_get(cli, "mount");
	int len;

	if (!given)
		len = asprintf(ret, "%s/.bus-secrets", bs_env_home(cli->env));
	else if (given[0] == '/')
		len = asprintf(ret, "%s", given);
	else
		len = asprintf(ret, "%s/%s", bs_env_cwd(cli->env), given);
	if (len >= 0)
		return BS_OK;
	*ret = NULL;
	return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a path");
}

static void put_whole_path(struct bs_cli *cli, const char *path, const char *id, const char *workspace)
{
	struct bs_json_out *json;

	if (cli->format == BS_FORMAT_TEXT) {
		bs_out_line(cli, path);
		return;
	}
	json = bs_json_out_new();
	bs_json_out_object(json);
	bs_json_out_key(json, "path");
	bs_json_out_string(json, path);
	bs_json_out_key(json, "id");
	bs_json_out_string(json, id);
	bs_json_out_key(json, "workspace");
	bs_json_out_string(json, workspace);
	bs_json_out_end(json);
	bs_out_json(cli, json);
}

static enum bs_code path_inside(struct bs_cli *cli, struct bs_error *reterr)
{
	BS_CLEANUP(bs_workspace_close_ptr) struct bs_workspace *ws = NULL;
	BS_CLEANUP(bs_free_ptr) char *mount = NULL;
	BS_CLEANUP(bs_free_ptr) char *path = NULL;
	char id[BS_WORKSPACE_ID_MAX];
	enum bs_code code =
		bs_workspace_find(cli->env, cli->operand_count > 1 ? dir_of(cli) : NULL, &ws, reterr);

	if (code == BS_NO_WORKSPACE)
		return bs_error_set(
			reterr, code, "no workspace at '%s': bus-secrets init --repo makes one", dir_of(cli));
	if (code == BS_OK)
		code = mount_dir(cli, &mount, reterr);
	if (code != BS_OK)
		return code;
	bs_workspace_id(ws, id);
	if (asprintf(&path, "%s/workspaces/%s", mount, id) < 0) {
		path = NULL;
		return bs_error_set(reterr, BS_NO_MEMORY, "no memory for a path");
	}
	put_whole_path(cli, path, id, bs_workspace_path(ws));
	return BS_OK;
}

enum bs_code bs_cmd_workspace(struct bs_cli *cli, struct bs_error *reterr)
{
	static const struct {
		const char *name;
		enum bs_code (*run)(struct bs_cli *cli, struct bs_error *reterr);
		size_t operands;
	} actions[] = {{"add", add, 2}, {"remove", forget, 2}, {"list", list, 1}, {"path", path_inside, 2}};

	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		enum bs_code code;

		if (strcmp(cli->operands[0], actions[i].name) != 0)
			continue;
		if (cli->operand_count > actions[i].operands)
			return bs_error_set(reterr, BS_USAGE, "too many arguments: workspace %s takes none",
				actions[i].name);
		if (bs_cli_option_is(cli, "mount") && actions[i].run != path_inside)
			return bs_error_set(reterr, BS_USAGE, "option '--mount' is for workspace path alone");
		code = bs_cli_open_env(cli, reterr);
		return code == BS_OK ? actions[i].run(cli, reterr) : code;
	}
	return bs_error_set(reterr, BS_USAGE, "unknown action '%.64s': workspace add, remove, list or path",
		cli->operands[0]);
}
