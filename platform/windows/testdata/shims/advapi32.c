// Account rights from files C:\fake\rights\NAME.txt. A file holds a status in hexadecimal,
// and with status 0 one SID a line. A name without a file is no right. open.txt holds the
// status of LsaOpenPolicy. The service manager refuses everyone.
#define _ADVAPI32_ // this is where its functions are, they are not imported
#include <windows.h>
#include <ntsecapi.h>
#include <stdio.h>
#include <stdlib.h>

typedef BOOL(WINAPI *convert)(const char *, PSID *);

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
	convert toSID = (convert)GetProcAddress(LoadLibraryA("advapi32_o.dll"), "ConvertStringSidToSidA");
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

SC_HANDLE WINAPI OpenSCManagerW(const WCHAR *machine, const WCHAR *database, DWORD access) {
	SetLastError(ERROR_ACCESS_DENIED);
	return NULL;
}
