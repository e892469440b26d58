/* SPDX-License-Identifier: GPL-2.0-only */
/* A module for tests: Asterisk's own word on numbers, `judge CONTEXT NUMBER…`, which no command of it says. */
#define AST_MODULE "number_judge"
#define AST_MODULE_SELF_SYM __internal_number_judge_self

#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/cli.h"
#include "asterisk/features_config.h"
#include "asterisk/module.h"
#include "asterisk/pbx.h"

/* Whom the extensions of the test that are for one caller only are for. */
#define CALLER "201"

/* As PJSIP's get_destination: what picks up a call is taken without the dial plan. */
static int begins_pickup(const char *number)
{
	struct ast_features_pickup_config *config = ast_get_chan_features_pickup_config(NULL);
	size_t length = strlen(number);
	int found = config && !strncmp(config->pickupexten, number, length)
		? (config->pickupexten[length] ? 1 : 2) : 0;

	ao2_cleanup(config);
	return found;
}

static char *judge(struct ast_cli_entry *entry, int command, struct ast_cli_args *args)
{
	int i;

	if (command == CLI_INIT) {
		entry->command = "judge";
		entry->usage = "Usage: judge CONTEXT NUMBER…\n";
		return NULL;
	}
	if (command == CLI_GENERATE) {
		return NULL;
	}
	for (i = 2; i < args->argc; i++) {
		const char *number = args->argv[i];
		int pickup = begins_pickup(number);

		ast_cli(args->fd, "%s %d %d %d\n", number,
			pickup == 2 || ast_exists_extension(NULL, args->argv[1], number, 1, CALLER),
			pickup || ast_canmatch_extension(NULL, args->argv[1], number, 1, CALLER),
			pickup == 1 || ast_matchmore_extension(NULL, args->argv[1], number, 1, CALLER));
	}
	return CLI_SUCCESS;
}

static struct ast_cli_entry commands[] = { AST_CLI_DEFINE(judge, "What the dial plan makes of numbers") };

static int load_module(void)
{
	return ast_cli_register_multiple(commands, ARRAY_LEN(commands)) ? AST_MODULE_LOAD_DECLINE
		: AST_MODULE_LOAD_SUCCESS;
}

static int unload_module(void)
{
	return ast_cli_unregister_multiple(commands, ARRAY_LEN(commands));
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_DEFAULT, "Judges numbers for tests",
	.support_level = AST_MODULE_SUPPORT_EXTENDED,
	.load = load_module,
	.unload = unload_module,
);
