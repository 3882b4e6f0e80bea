// Account rights from files C:\fake\rights\NAME.txt. A file holds a status in hexadecimal,
// and with status 0 one SID a line. A name without a file is no right. open.txt holds the
// status of LsaOpenPolicy. The service manager refuses everyone.
//
// Accounts from C:\fake\accounts.txt. A line is an account: SID, use, the name that is asked
// for and, behind a |, DOMAIN\name. What is not in it is asked of Wine. Another server that has
// a folder C:\fake\servers\NAME has Wine's own groups, all others do not answer.
//
// The security descriptor of a folder from files C:\fake\access\NAME.txt, in which NAME is its path
// with _ for : and \. A file holds what GetNamedSecurityInfo returns and, with 0, the descriptor as
// SDDL. What has no file is asked of Wine.
//
// Events go to C:\fake\events.txt: source, type and id on a line, then the lines of the text.
// Where C:\fake\noevents.txt is, the event log is closed.
#define _ADVAPI32_ // this is where its functions are, they are not imported
#include <windows.h>
#include <ntsecapi.h>
#include <accctrl.h>
#include <stdio.h>
#include <stdlib.h>

typedef BOOL(WINAPI *describe)(const WCHAR *, DWORD, void **, ULONG *);
typedef DWORD(WINAPI *security)(const WCHAR *, SE_OBJECT_TYPE, DWORD, PSID *, PSID *, ACL **, ACL **, void **);
typedef BOOL(WINAPI *convert)(const char *, PSID *);
typedef BOOL(WINAPI *byName)(const WCHAR *, const WCHAR *, PSID, DWORD *, WCHAR *, DWORD *, SID_NAME_USE *);
typedef BOOL(WINAPI *bySID)(const WCHAR *, PSID, WCHAR *, DWORD *, WCHAR *, DWORD *, SID_NAME_USE *);

static FARPROC wines(const char *name) { return GetProcAddress(LoadLibraryA("advapi32_o.dll"), name); }

static FILE *openRight(const WCHAR *name, int length, unsigned *status) {
	char path[300];
	FILE *file;
	snprintf(path, sizeof path, "C:\\fake\\rights\\%.*ls.txt", length, name);
	file = fopen(path, "rb");
	if (file && fscanf(file, "%x\n", status) != 1) abort();
	return file;
}

NTSTATUS WINAPI LsaOpenPolicy(LSA_UNICODE_STRING *system, LSA_OBJECT_ATTRIBUTES *attributes, ACCESS_MASK access, LSA_HANDLE *policy) {
	unsigned status = 0;
	FILE *file = openRight(L"open", 4, &status);
	if (file) fclose(file);
	if (system || attributes->Length != sizeof *attributes || access != (POLICY_LOOKUP_NAMES | POLICY_VIEW_LOCAL_INFORMATION))
		return 0xC000000D;
	*policy = (LSA_HANDLE)1;
	return status;
}

NTSTATUS WINAPI LsaClose(LSA_HANDLE policy) { return 0; }

NTSTATUS WINAPI LsaFreeMemory(void *buffer) { return 0; }

NTSTATUS WINAPI LsaEnumerateAccountsWithUserRight(LSA_HANDLE policy, LSA_UNICODE_STRING *right, void **buffer, ULONG *count) {
	convert toSID = (convert)wines("ConvertStringSidToSidA");
	char sid[200];
	unsigned status;
	PSID *holders = calloc(100, sizeof *holders);
	FILE *file = openRight(right->Buffer, right->Length / sizeof(WCHAR), &status);
	if (!file || !toSID) return 0xC0000060;
	*count = 0;
	while (fscanf(file, "%199s\n", sid) == 1)
		if (!toSID(sid, &holders[(*count)++])) abort();
	fclose(file);
	*buffer = *count ? holders : NULL;
	return status;
}

static WCHAR *wide(const char *text) {
	int units = MultiByteToWideChar(CP_UTF8, 0, text, -1, NULL, 0);
	WCHAR *copy = calloc(units, sizeof(WCHAR));
	MultiByteToWideChar(CP_UTF8, 0, text, -1, copy, units);
	return copy;
}

// An account of the file; asked is NULL behind the last.
struct account {
	PSID sid;
	SID_NAME_USE use;
	WCHAR *asked, *domain, *name;
};

static struct account *accounts(void) {
	convert toSID = (convert)wines("ConvertStringSidToSidA");
	struct account *all = calloc(100, sizeof *all), *next = all;
	char line[900], sid[200], asked[300], full[300], *name;
	FILE *file = fopen("C:\\fake\\accounts.txt", "rb");
	while (file && fgets(line, sizeof line, file)) {
		if (sscanf(line, "%199s %d %299[^|]|%299[^\n]", sid, (int *)&next->use, asked, full) != 4 || !toSID(sid, &next->sid)) abort();
		name = strchr(full, '\\');
		if (!name) abort();
		*name++ = 0;
		next->asked = wide(asked);
		next->domain = wide(full);
		next->name = wide(name);
		next++;
	}
	if (file) fclose(file);
	return all;
}

// put copies a text as Windows does: what does not fit tells its size with the final zero.
static BOOL put(const WCHAR *text, WCHAR *buffer, DWORD *size) {
	DWORD length = wcslen(text);
	if (*size <= length) {
		*size = length + 1;
		SetLastError(ERROR_INSUFFICIENT_BUFFER);
		return FALSE;
	}
	wcscpy(buffer, text);
	*size = length;
	return TRUE;
}

BOOL WINAPI LookupAccountNameW(const WCHAR *system, const WCHAR *name, PSID sid, DWORD *sidSize, WCHAR *domain, DWORD *domainSize, SID_NAME_USE *use) {
	struct account *at;
	for (at = accounts(); at->asked; at++) {
		if (system || wcsicmp(at->asked, name)) continue;
		if (*sidSize < GetLengthSid(at->sid)) {
			*sidSize = GetLengthSid(at->sid);
			SetLastError(ERROR_INSUFFICIENT_BUFFER);
			return FALSE;
		}
		*use = at->use;
		return CopySid(*sidSize, sid, at->sid) && put(at->domain, domain, domainSize);
	}
	return ((byName)wines("LookupAccountNameW"))(system, name, sid, sidSize, domain, domainSize, use);
}

BOOL WINAPI LookupAccountSidW(const WCHAR *system, PSID sid, WCHAR *name, DWORD *nameSize, WCHAR *domain, DWORD *domainSize, SID_NAME_USE *use) {
	struct account *at;
	char path[300];
	if (system) {
		snprintf(path, sizeof path, "C:\\fake\\servers\\%ls", system + wcsspn(system, L"\\"));
		if (GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES) {
			SetLastError(RPC_S_SERVER_UNAVAILABLE);
			return FALSE;
		}
	}
	for (at = accounts(); !system && at->asked; at++) {
		if (!EqualSid(at->sid, sid)) continue;
		*use = at->use;
		return put(at->name, name, nameSize) && put(at->domain, domain, domainSize);
	}
	return ((bySID)wines("LookupAccountSidW"))(NULL, sid, name, nameSize, domain, domainSize, use);
}

DWORD WINAPI GetNamedSecurityInfoW(const WCHAR *path, SE_OBJECT_TYPE type, DWORD what, PSID *owner, PSID *group, ACL **list, ACL **audit, void **descriptor) {
	char name[600], text[20000] = "";
	int number, i;
	FILE *file;
	snprintf(name, sizeof name, "C:\\fake\\access\\%ls.txt", path);
	for (i = strlen("C:\\fake\\access\\"); name[i]; i++)
		if (name[i] == ':' || name[i] == '\\') name[i] = '_';
	file = fopen(name, "rb");
	if (!file) return ((security)wines("GetNamedSecurityInfoW"))(path, type, what, owner, group, list, audit, descriptor);
	if (fscanf(file, "%d %19999[^\n]", &number, text) < 1) abort();
	fclose(file);
	if (type != SE_FILE_OBJECT || what != (OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION) || owner || group || list || audit)
		return ERROR_INVALID_PARAMETER;
	if (number || !text[0]) return number;
	if (!((describe)wines("ConvertStringSecurityDescriptorToSecurityDescriptorW"))(wide(text), 1, descriptor, NULL)) abort();
	return 0;
}

SC_HANDLE WINAPI OpenSCManagerW(const WCHAR *machine, const WCHAR *database, DWORD access) {
	SetLastError(ERROR_ACCESS_DENIED);
	return NULL;
}

HANDLE WINAPI RegisterEventSourceW(const WCHAR *server, const WCHAR *source) {
	if (server || GetFileAttributesA("C:\\fake\\noevents.txt") != INVALID_FILE_ATTRIBUTES) {
		SetLastError(ERROR_ACCESS_DENIED);
		return NULL;
	}
	return wcsdup(source);
}

BOOL WINAPI DeregisterEventSource(HANDLE log) {
	free(log);
	return TRUE;
}

BOOL WINAPI ReportEventW(HANDLE log, WORD type, WORD category, DWORD id, PSID user, WORD strings, DWORD size, const WCHAR **text, void *data) {
	char *bytes = calloc(4, 40000);
	FILE *file = fopen("C:\\fake\\events.txt", "ab");
	if (!file || !bytes || category || user || strings != 1 || size) abort();
	WideCharToMultiByte(CP_UTF8, 0, *text, -1, bytes, 160000, NULL, NULL);
	fprintf(file, "%ls %d %d\n%s", (WCHAR *)log, type, (int)id, bytes);
	fclose(file);
	free(bytes);
	return TRUE;
}
