/* SPDX-License-Identifier: GPL-2.0-only */
/* Who registered, who went, and whose REGISTER was refused. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/config.h"
#include "asterisk/endpoints.h"
#include "asterisk/json.h"
#include "asterisk/logger.h"
#include "asterisk/security_events.h"
#include "asterisk/sorcery.h"
#include "asterisk/stasis.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

struct contact {
	char endpoint[80];
	char address[64]; /* empty where it is no IPv4 address: phones of ours have one */
	unsigned int port;
	char user_agent[256];
	long ends;
};

/* "sip:201@10.0.0.2:5062;transport=udp" → 10.0.0.2 and 5062. */
void pnp_read_uri(const char *uri, char *address, size_t size, unsigned int *port)
{
	const char *host = strchr(uri, '@');
	size_t length;

	host = host ? host + 1 : strchr(uri, ':') ? strchr(uri, ':') + 1 : "";
	length = strcspn(host, ":;>?");
	if (*host == '[' || length >= size) {
		length = 0;
	}
	ast_copy_string(address, host, length + 1);
	*port = length && host[length] == ':' ? atoi(host + length + 1) : 5060;
}

static int read_contact(const void *object, struct contact *contact)
{
	struct ast_variable *fields = ast_sorcery_objectset_create(ast_sip_get_sorcery(), object);

	if (!fields) {
		return -1;
	}
	ast_copy_string(contact->endpoint, pnp_field(fields, "endpoint"), sizeof(contact->endpoint));
	if (ast_strlen_zero(contact->endpoint)) {
		/* Its id is the AOR's, ";@" or "@@", and a hash. */
		const char *id = ast_sorcery_object_get_id(object);
		const char *end = strstr(id, ";@") ? strstr(id, ";@") : strstr(id, "@@");

		ast_copy_string(contact->endpoint, id,
			MIN(end ? (size_t) (end - id) + 1 : sizeof(contact->endpoint),
				sizeof(contact->endpoint)));
	}
	ast_copy_string(contact->user_agent, pnp_field(fields, "user_agent"),
		sizeof(contact->user_agent));
	contact->ends = atol(pnp_field(fields, "expiration_time"));
	pnp_read_uri(pnp_field(fields, "uri"), contact->address, sizeof(contact->address), &contact->port);
	ast_variables_destroy(fields);
	return 0;
}

/* Exported by res_pjsip, in a header that is private to it; weak, should a release leave it out. */
void __attribute__((weak)) ast_sip_persistent_endpoint_update_state(const char *endpoint_name,
	enum ast_endpoint_state state);

/* Sorcery tells nobody of an object that is put by hand, so Asterisk does not connect our AOR with
 * its endpoint until its next start or reload, and its hint would stay unavailable until then. */
static void show_state(const char *number, enum ast_endpoint_state state)
{
	if (ast_sip_persistent_endpoint_update_state && pnp_endpoints_has(number)) {
		ast_sip_persistent_endpoint_update_state(number, state);
	}
}

static void tell(const struct contact *contact)
{
	struct pnp_engine *engine;

	if ((engine = pnp_engine_hold())) {
		engine_registered(engine, contact->endpoint, contact->address, contact->port,
			contact->user_agent);
	}
	pnp_engine_release();
}

static void updated(const void *object)
{
	struct contact contact;

	if (!read_contact(object, &contact)) {
		tell(&contact);
	}
}

static void came(const void *object)
{
	struct contact contact;

	if (!read_contact(object, &contact)) {
		show_state(contact.endpoint, AST_ENDPOINT_ONLINE);
		tell(&contact);
	}
}

static void went(const void *object)
{
	struct contact contact;
	struct pnp_engine *engine;
	int all;
	int there;

	if (read_contact(object, &contact)) {
		return;
	}
	if (pnp_endpoints_has(contact.endpoint)) { /* looking through all contacts takes its time */
		pnp_contacts_of(contact.endpoint, "", &all, &there);
		if (!all) {
			show_state(contact.endpoint, AST_ENDPOINT_OFFLINE);
		}
	}
	if ((engine = pnp_engine_hold())) {
		engine_unregistered(engine, contact.endpoint, contact.address, contact.port);
	}
	pnp_engine_release();
}

static const struct ast_sorcery_observer observer = {
	.created = came,
	.updated = updated,
	.deleted = went,
};

static struct ao2_container *all_contacts(void)
{
	return ast_sorcery_retrieve_by_fields(ast_sip_get_sorcery(), "contact",
		AST_RETRIEVE_FLAG_MULTIPLE | AST_RETRIEVE_FLAG_ALL, NULL);
}

void pnp_contacts_of(const char *number, const char *address, int *all, int *there)
{
	struct ao2_container *contacts = all_contacts();
	struct ao2_iterator each;
	struct contact contact;
	void *object;

	*all = 0;
	*there = 0;
	if (!contacts) {
		return;
	}
	each = ao2_iterator_init(contacts, 0);
	while ((object = ao2_iterator_next(&each))) {
		if (!read_contact(object, &contact) && !strcmp(contact.endpoint, number)) {
			++*all;
			*there += !strcmp(contact.address, address);
		}
		ao2_ref(object, -1);
	}
	ao2_iterator_destroy(&each);
	ao2_ref(contacts, -1);
}

static int by_end(const void *one, const void *other)
{
	long a = ((const struct contact *) one)->ends;
	long b = ((const struct contact *) other)->ends;

	return (a > b) - (a < b);
}

/* Those that registered before we were loaded, the last one last: what a phone was before may still
 * be there. */
static void tell_present(void)
{
	struct ao2_container *contacts = all_contacts();
	struct ao2_iterator each;
	struct contact *present;
	void *object;
	int count = 0;
	int i;

	if (!contacts) {
		return;
	}
	present = ast_calloc(ao2_container_count(contacts) + 1, sizeof(*present));
	each = ao2_iterator_init(contacts, 0);
	while ((object = ao2_iterator_next(&each))) {
		if (present && !read_contact(object, &present[count])) {
			count++;
		}
		ao2_ref(object, -1);
	}
	ao2_iterator_destroy(&each);
	ao2_ref(contacts, -1);
	if (count) {
		qsort(present, count, sizeof(*present), by_end);
	}
	for (i = 0; i < count; i++) {
		show_state(present[i].endpoint, AST_ENDPOINT_ONLINE);
		tell(&present[i]);
	}
	ast_free(present);
}

/* The registrar has words of its own in place of an ACL's name. */
static const char *acl_reason(const char *acl)
{
	if (!strcmp(acl, "registrar_attempt_exceeds_maximum_configured_contacts")) {
		return "its AOR holds max_contacts registrations already; with remove_existing = yes there the "
			"newest one would win";
	}
	if (!strcmp(acl, "registrar_attempt_without_configured_aors")) {
		return "its AOR takes no registrations (max_contacts = 0)";
	}
	return "its address is not allowed (acl of the endpoint)";
}

static const char *reason(int event, const char *acl)
{
	switch (event) {
	case AST_SECURITY_EVENT_CHAL_RESP_FAILED:
	case AST_SECURITY_EVENT_INVAL_PASSWORD:
		return "wrong user or password";
	case AST_SECURITY_EVENT_FAILED_ACL:
		return acl_reason(acl);
	case AST_SECURITY_EVENT_INVAL_ACCT_ID:
		return "the PBX has no such endpoint";
	case AST_SECURITY_EVENT_INVAL_TRANSPORT:
		return "it came by another transport than the endpoint's";
	default:
		return NULL;
	}
}

/* "IPV4/UDP/10.0.0.2/5060" → "10.0.0.2". */
static const char *address_in(char *remote)
{
	char *family = strsep(&remote, "/");
	char *transport = strsep(&remote, "/");

	return family && transport && !strcmp(family, "IPV4") ? S_OR(strsep(&remote, "/"), "") : "";
}

static const char *text_of(struct ast_json *object, const char *name)
{
	return S_OR(ast_json_string_get(ast_json_object_get(object, name)), "");
}

static void secured(void *data, struct stasis_subscription *subscription,
	struct stasis_message *message)
{
	const struct ast_json_payload *payload;
	const char *why;
	const char *account;
	char *remote;
	struct pnp_engine *engine;

	if (stasis_message_type(message) != ast_security_event_type()) {
		return;
	}
	payload = stasis_message_data(message);
	why = reason(ast_json_integer_get(ast_json_object_get(payload->json, "SecurityEvent")),
		text_of(payload->json, "ACLName"));
	account = text_of(payload->json, "AccountID");
	if (!why || ast_strlen_zero(account) || strcmp(text_of(payload->json, "Service"), "PJSIP")) {
		return; /* nor the manager's users */
	}
	remote = ast_strdupa(text_of(payload->json, "RemoteAddress"));
	if ((engine = pnp_engine_hold())) {
		engine_register_refused(engine, account, address_in(remote), why);
	}
	pnp_engine_release();
}

static struct stasis_subscription *security;
static int observing;

int pnp_registrations_register(void)
{
	if (ast_sorcery_observer_add(ast_sip_get_sorcery(), "contact", &observer)) {
		ast_log(LOG_ERROR, "Sorcery does not tell of contacts, so registrations would not be seen\n");
		return -1;
	}
	observing = 1;
	tell_present();
	security = stasis_subscribe(ast_security_topic(), secured, NULL);
	if (!security) {
		ast_log(LOG_ERROR, "Security events cannot be had, so refused phones would not be seen\n");
		return -1;
	}
	return 0;
}

void pnp_registrations_unregister(void)
{
	security = stasis_unsubscribe_and_join(security);
	if (observing) {
		ast_sorcery_observer_remove(ast_sip_get_sorcery(), "contact", &observer);
		observing = 0;
	}
}
