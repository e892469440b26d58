/* SPDX-License-Identifier: GPL-2.0-only */
/* What is dialled to claim a phone and to release it: two applications. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/app.h"
#include "asterisk/channel.h"
#include "asterisk/file.h"
#include "asterisk/logger.h"
#include "asterisk/module.h"
#include "asterisk/pbx.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

#define CLAIM "PnpClaim"
#define RELEASE "PnpRelease"
#define MOST_TRIES 3

/* Who calls: the endpoint that proved who it is, and where its words come from. Not the caller id,
 * which a phone chooses, and not the address alone, which phones behind one router share. */
struct caller {
	char endpoint[80];
	char address[64];
	unsigned int port;
};

/* The channel itself is asked, so that func_channel need not be loaded. */
int pnp_ask_channel(struct ast_channel *channel, const char *what, char *out, size_t size)
{
	char words[64];

	*out = '\0';
	ast_copy_string(words, what, sizeof(words));
	return strcasecmp(ast_channel_tech(channel)->type, "PJSIP")
		|| !ast_channel_tech(channel)->func_channel_read
		|| ast_channel_tech(channel)->func_channel_read(channel, "CHANNEL", words, out, size)
		|| ast_strlen_zero(out);
}

/* What a phone was called by, or transferred to, it did not dial itself. */
static int was_sent_here(struct ast_channel *channel)
{
	int sent;

	ast_channel_lock(channel);
	sent = ast_test_flag(ast_channel_flags(channel), AST_FLAG_OUTGOING)
		|| !ast_strlen_zero(pbx_builtin_getvar_helper(channel, "BLINDTRANSFER"));
	ast_channel_unlock(channel);
	return sent;
}

static int who_calls(struct ast_channel *channel, struct caller *caller)
{
	char remote[80];
	char *colon;

	if (was_sent_here(channel)) {
		ast_log(LOG_NOTICE, "%s was transferred to a code for phones, which counts only where it is dialled\n",
			ast_channel_name(channel));
		return -1;
	}
	if (pnp_ask_channel(channel, "endpoint", caller->endpoint, sizeof(caller->endpoint))) {
		ast_log(LOG_NOTICE, "%s calls a code for phones of PJSIP, and is none\n",
			ast_channel_name(channel));
		return -1;
	}
	caller->address[0] = '\0';
	caller->port = 0;
	if (!pnp_ask_channel(channel, "pjsip,remote_addr", remote, sizeof(remote))
		&& (colon = strrchr(remote, ':'))) {
		*colon = '\0';
		ast_copy_string(caller->address, remote, sizeof(caller->address));
		caller->port = atoi(colon + 1);
	}
	return 0;
}

static int has_sound(struct ast_channel *channel, const char *sound)
{
	return ast_fileexists(sound, NULL, ast_channel_language(channel)) > 0;
}

static int play(struct ast_channel *channel, const char *sound)
{
	return has_sound(channel, sound) ? ast_stream_and_wait(channel, sound, AST_DIGIT_NONE) : 0;
}

/* Digits up to a #, or until nobody types any more. */
static int ask(struct ast_channel *channel, const char *prompt, char *out, size_t size)
{
	int done = ast_app_getdata(channel, has_sound(channel, prompt) ? prompt : "", out, size - 1, 0);

	return done < 0 || ast_strlen_zero(out) ? -1 : 0;
}

/* "201*4711#" → 201 and 4711; what is missing stays empty. */
static void take_dialled(const char *data, char *number, size_t number_size, char *pin, size_t pin_size)
{
	size_t length = strcspn(data, "*#");

	if (length < number_size) {
		ast_copy_string(number, data, length + 1);
	}
	if (data[length] == '*') {
		data += length + 1;
		length = strcspn(data, "#");
		if (length < pin_size) {
			ast_copy_string(pin, data, length + 1);
		}
	}
}

/* It is written to the disk before this returns; the channel is looked after meanwhile. */
static int claim(struct ast_channel *channel, const struct caller *caller, const char *number,
	const char *pin)
{
	struct pnp_engine *engine;
	int done = PNP_CLAIM_REFUSED;

	ast_autoservice_start(channel);
	if ((engine = pnp_engine_hold())) {
		done = number ? engine_claim(engine, caller->endpoint, caller->address, caller->port, number, pin)
			: engine_release(engine, caller->endpoint, caller->address, caller->port);
	}
	pnp_engine_release();
	ast_autoservice_stop(channel);
	return done;
}

static int answer(struct ast_channel *channel)
{
	return ast_channel_state(channel) == AST_STATE_UP ? 0 : ast_answer(channel);
}

static int claim_exec(struct ast_channel *channel, const char *data)
{
	struct caller caller;
	char number[64] = "";
	char pin[32] = "";
	int tries;

	if (answer(channel) || who_calls(channel, &caller)) {
		return -1;
	}
	take_dialled(S_OR(data, ""), number, sizeof(number), pin, sizeof(pin));
	for (tries = 0; tries < MOST_TRIES; tries++) {
		int done;

		if ((!*number && ask(channel, "vm-extension", number, sizeof(number)))
			|| (!*pin && ask(channel, "agent-pass", pin, sizeof(pin)))) {
			break;
		}
		done = claim(channel, &caller, number, pin);
		explicit_bzero(pin, sizeof(pin));
		*number = '\0';
		if (done == PNP_CLAIM_DONE) {
			play(channel, "auth-thankyou");
			return -1; /* the phone is told to come again once it has hung up */
		}
		if (play(channel, done == PNP_CLAIM_WRONG ? "vm-incorrect" : "pbx-invalid")
			|| done != PNP_CLAIM_WRONG) {
			break;
		}
	}
	explicit_bzero(pin, sizeof(pin));
	play(channel, "vm-goodbye");
	return -1;
}

static int release_exec(struct ast_channel *channel, const char *data)
{
	struct caller caller;

	if (answer(channel) || who_calls(channel, &caller)) {
		return -1;
	}
	play(channel, claim(channel, &caller, NULL, NULL) == PNP_CLAIM_DONE ? "auth-thankyou"
		: "pbx-invalid");
	return -1;
}

int pnp_claim_register(void)
{
	return ast_register_application(CLAIM, claim_exec, "Makes the calling phone somebody's",
			"PnpClaim([EXTENSION*PIN]): the phone behind the calling PJSIP contact, which has to be "
			"a guest of PBX PnP, gets this extension. Asks for what is missing, and hangs up.")
		|| ast_register_application(RELEASE, release_exec, "Makes the calling phone a guest again",
			"PnpRelease(): takes its extension from the phone behind the calling PJSIP contact, "
			"which was a guest before, and hangs up.");
}

void pnp_claim_unregister(void)
{
	ast_unregister_application(CLAIM);
	ast_unregister_application(RELEASE);
}

/* Where codes are: those of before, too, until they are dropped. The engine puts and drops once at a
 * time. */
static struct place {
	char context[80];
	char extension[80];
	int is_wanted;
} *places;
static int place_count;

static int want(const char *context, const char *extension)
{
	struct place *more;
	int i;

	for (i = 0; i < place_count; i++) {
		if (!strcmp(places[i].context, context) && !strcmp(places[i].extension, extension)) {
			places[i].is_wanted = 1;
			return 0;
		}
	}
	if (!(more = ast_realloc(places, sizeof(*places) * (place_count + 1)))) {
		return -1;
	}
	places = more;
	ast_copy_string(places[i].context, context, sizeof(places[i].context));
	ast_copy_string(places[i].extension, extension, sizeof(places[i].extension));
	places[i].is_wanted = 1;
	place_count++;
	return 0;
}

/* In place of itself where it is there: who dials 112 in that moment must reach it. Never in place
 * of what is not ours, nor of an extension. */
static int put_code(const char *context, const char *extension, const char *application,
	const char *data)
{
	return want(context, extension) || pnp_dialplan_context(context)
		|| ast_add_extension(context, pnp_dialplan_has_code(context, extension), extension, 1, NULL,
			NULL, application, ast_strdup(data), ast_free_ptr, PNP_REGISTRAR) ? -1 : 0;
}

static int put_in(const char *context, const struct pnp_codes *codes)
{
	char pattern[80];
	char rest[32];

	/* All at once: *77*201*4711#, of which the phone may keep the # to itself. */
	snprintf(pattern, sizeof(pattern), "_%s*.", codes->claim);
	snprintf(rest, sizeof(rest), "${EXTEN:%zu}", strlen(codes->claim) + 1);
	return put_code(context, codes->claim, CLAIM, "") | put_code(context, pattern, CLAIM, rest)
		| put_code(context, codes->release, RELEASE, "");
}

int pnp_put_codes(void *context, const struct pnp_codes *codes, char *why, size_t why_size)
{
	char target[200];
	const char *const *number;
	int done = 0;
	int i;

	for (i = 0; i < place_count; i++) {
		places[i].is_wanted = 0;
	}
	if (ast_strlen_zero(codes->claim)) {
		return 0;
	}
	/* First, and whatever becomes of the rest. */
	for (number = codes->emergency; *number; number++) {
		snprintf(target, sizeof(target), "%s,%s,1", codes->emergency_context, *number);
		done |= put_code(codes->guests, *number, "Goto", target);
	}
	done |= put_in(codes->guests, codes);
	if (strcmp(codes->guests, codes->home)) {
		done |= put_in(codes->home, codes);
	}
	if (done) {
		snprintf(why, why_size, "the dial plan does not take all of %s, %s and the emergency numbers "
			"in the contexts %s and %s; the log says which one is there already", codes->claim,
			codes->release, codes->guests, codes->home);
		return PNP_UNUSABLE;
	}
	return 0;
}

void pnp_drop_codes(void *context)
{
	int kept = 0;
	int i;

	for (i = 0; i < place_count; i++) {
		if (places[i].is_wanted) {
			places[kept++] = places[i];
		} else if (pnp_dialplan_has_code(places[i].context, places[i].extension)) {
			ast_context_remove_extension(places[i].context, places[i].extension, 0, PNP_REGISTRAR);
		}
	}
	place_count = kept;
}

int pnp_has_number(void *context, const char *where, const char *number)
{
	return ast_exists_extension(NULL, where, number, 1, NULL);
}

void pnp_codes_forget(void)
{
	ast_free(places);
	places = NULL;
	place_count = 0;
}
