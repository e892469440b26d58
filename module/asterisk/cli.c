/* SPDX-License-Identifier: GPL-2.0-only */
/* The console: every command of the engine, with completion. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/cli.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

struct command {
	char *words; /* "pnp show devices" */
	char *usage;
	char *summary;
};

static struct command *commands;
static struct ast_cli_entry *entries;
static int count;

static void print(void *to, const char *text)
{
	struct ast_cli_args *a = to;

	ast_cli(a->fd, "%s", text);
}

static void add_completion(void *to, const char *word)
{
	ast_cli_completion_add(ast_strdup(word));
}

/* Asterisk completes the fixed words by itself and asks for the rest, the n-th answer each time;
 * all of them are handed over when it asks for the first. */
static void complete(struct pnp_engine *engine, struct ast_cli_args *a)
{
	const char *words[AST_MAX_ARGS];
	int i;

	for (i = 0; i < a->pos && i < a->argc && i < AST_MAX_ARGS - 1; i++) {
		words[i] = a->argv[i];
	}
	words[i] = S_OR(a->word, "");
	engine_complete(engine, i + 1, words, add_completion, NULL);
}

static char *handle(struct ast_cli_entry *e, int cmd, struct ast_cli_args *a)
{
	struct pnp_engine *engine;
	char *result = CLI_FAILURE;

	if (cmd == CLI_INIT) {
		e->command = commands[e - entries].words;
		e->usage = commands[e - entries].usage;
		return NULL;
	}
	engine = pnp_engine_hold();
	if (cmd == CLI_GENERATE) {
		/* The entry of the bare word only catches what no other takes. */
		if (engine && !a->n && strcmp(commands[e - entries].words, "pnp")) {
			complete(engine, a);
		}
		result = NULL;
	} else if (engine
		&& !engine_command(engine, a->argc, a->argv, "console", print, a)) {
		result = CLI_SUCCESS;
	}
	pnp_engine_release();
	return result;
}

static int add_command(const char *words, const char *usage, const char *help)
{
	struct command *more = ast_realloc(commands, sizeof(*more) * (count + 1));

	if (!more) {
		return -1;
	}
	commands = more;
	memset(&commands[count], 0, sizeof(*commands));
	if (ast_asprintf(&commands[count].words, "pnp%s%s", *words ? " " : "", words) < 0
		|| ast_asprintf(&commands[count].usage, "Usage: pnp %s\n       %s\n", usage, help) < 0
		|| !(commands[count].summary = ast_strdup(help))) {
		return -1;
	}
	count++;
	return 0;
}

static void visit(void *to, const char *words, const char *usage, const char *help)
{
	int *failed = to;

	*failed |= add_command(words, usage, help);
}

int pnp_cli_register(void)
{
	int failed = 0;
	int i;

	engine_commands(visit, &failed);
	failed |= add_command("", "COMMAND", "Onboards phones; `pnp help` lists its commands.");
	if (failed || !(entries = ast_calloc(count, sizeof(*entries)))) {
		return -1;
	}
	for (i = 0; i < count; i++) {
		/* Its members are const, so it is filled as a whole. */
		struct ast_cli_entry entry = AST_CLI_DEFINE(handle, commands[i].summary);

		memcpy(&entries[i], &entry, sizeof(entry));
	}
	return ast_cli_register_multiple(entries, count);
}

void pnp_cli_unregister(void)
{
	int i;

	if (entries) {
		ast_cli_unregister_multiple(entries, count);
	}
	for (i = 0; i < count; i++) {
		ast_free(commands[i].words);
		ast_free(commands[i].usage);
		ast_free(commands[i].summary);
	}
	ast_free(entries);
	ast_free(commands);
	entries = NULL;
	commands = NULL;
	count = 0;
}
