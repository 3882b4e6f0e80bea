// Directories from files C:\fake\servers\SERVER\ldap.txt: what ldap_connect and ldap_bind_s return, 0 for
// both when it is not there. C:\fake\servers\SERVER\ldap\SID.txt is an object: what a search for it
// returns, then on a line each the SIDs in its attribute tokenGroupsGlobalAndUniversal; a line that is
// no SID is a value as it stands. Without a line the attribute is not there; "none" is an attribute without
// a value, "empty" a search that finds no object. A search for another object returns 32.
#include <windows.h>
#include <schnlsp.h>
#undef DECLSPEC_IMPORT
#define DECLSPEC_IMPORT
#include <winldap.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	char server[200];
	unsigned long options[256];
} Session;

static void *allocate(size_t size) { return HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size); }

static FILE *openFile(Session *session, const char *path) {
	char full[400];
	snprintf(full, sizeof full, "C:\\fake\\servers\\%s\\%s", session->server, path);
	return fopen(full, "rb");
}

static ULONG code(Session *session, int which) {
	unsigned long codes[2] = {0, 0};
	FILE *file = openFile(session, "ldap.txt");
	if (file) {
		if (fscanf(file, "%lu %lu", &codes[0], &codes[1]) != 2) abort();
		fclose(file);
	}
	return codes[which];
}

LDAP *ldap_initW(PWSTR host, ULONG port) {
	Session *session = allocate(sizeof *session);
	if (port != LDAP_PORT) return NULL;
	snprintf(session->server, sizeof session->server, "%ls", host);
	return (LDAP *)session;
}

ULONG ldap_set_optionW(LDAP *ld, int option, const void *value) {
	((Session *)ld)->options[option] = *(const unsigned long *)value + 1;
	return 0;
}

ULONG ldap_connect(LDAP *ld, struct l_timeval *timeout) {
	return timeout && timeout->tv_sec > 0 ? code((Session *)ld, 0) : LDAP_PARAM_ERROR;
}

ULONG ldap_bind_sW(LDAP *ld, PWCHAR name, PWCHAR credentials, ULONG method) {
	Session *session = (Session *)ld;
	const unsigned long *set = session->options;
	if (name || credentials || method != LDAP_AUTH_NEGOTIATE || set[LDAP_OPT_PROTOCOL_VERSION] != 4 || set[LDAP_OPT_REFERRALS] != 1 ||
		set[LDAP_OPT_SIGN] != 2 || set[LDAP_OPT_ENCRYPT] != 2 || set[LDAP_OPT_TIMELIMIT] < 2)
		return LDAP_PARAM_ERROR;
	return code(session, 1);
}

ULONG ldap_search_ext_sW(LDAP *ld, PWCHAR base, ULONG scope, PWCHAR filter, PWCHAR attributes[], ULONG namesOnly, PLDAPControlW *server,
	PLDAPControlW *client, struct l_timeval *timeout, ULONG limit, LDAPMessage **result) {
	char path[300], sid[200];
	unsigned long returns;
	FILE *file;
	if (scope != LDAP_SCOPE_BASE || wcscmp(filter, L"(objectClass=*)") || wcscmp(attributes[0], L"tokenGroupsGlobalAndUniversal") || attributes[1] ||
		namesOnly || server || client || limit || !timeout || timeout->tv_sec <= 0 || swscanf(base, L"<SID=%199[^>]>", sid) != 1)
		return LDAP_PARAM_ERROR;
	snprintf(path, sizeof path, "ldap\\%s.txt", sid);
	file = openFile((Session *)ld, path);
	if (!file) return LDAP_NO_SUCH_OBJECT;
	if (fscanf(file, "%lu\n", &returns) != 1) abort();
	*result = (LDAPMessage *)file;
	return returns;
}

LDAPMessage *ldap_first_entry(LDAP *ld, LDAPMessage *result) {
	char line[300] = "";
	FILE *file = (FILE *)result;
	long at = ftell(file);
	if (fgets(line, sizeof line, file) && !strncmp(line, "empty", 5)) return NULL;
	fseek(file, at, SEEK_SET);
	return result;
}

struct berval **ldap_get_values_lenW(LDAP *ld, LDAPMessage *entry, PWCHAR attribute) {
	struct berval **values = allocate(2000 * sizeof *values);
	char line[300];
	int count = 0;
	BOOL there = FALSE;
	while (fgets(line, sizeof line, (FILE *)entry)) {
		PSID sid;
		there = TRUE;
		line[strcspn(line, "\r\n")] = 0;
		if (!strcmp(line, "none")) break;
		values[count] = allocate(sizeof **values);
		if (ConvertStringSidToSidA(line, &sid)) {
			values[count]->bv_len = GetLengthSid(sid);
			values[count]->bv_val = (char *)sid;
		} else {
			values[count]->bv_len = strlen(line);
			values[count]->bv_val = strdup(line);
		}
		count++;
	}
	return there ? values : NULL;
}

ULONG ldap_count_values_len(struct berval **values) {
	ULONG count = 0;
	while (values && values[count]) count++;
	return count;
}

ULONG ldap_value_free_len(struct berval **values) { return 0; }

ULONG ldap_msgfree(LDAPMessage *result) {
	fclose((FILE *)result);
	return 0;
}

ULONG ldap_unbind(LDAP *ld) { return 0; }
