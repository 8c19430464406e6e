#include "library_interface.h"

extern "C" {
int __cdecl InitAttestationLib(AttestationLogInfo*) { return -30; }
int __cdecl AttestKeyGuardImportKey(char*, char*, char*, NCRYPT_KEY_HANDLE, char**, char*) { return -34; }
void __cdecl FreeAttestationToken(char*) {}
void __cdecl UninitAttestationLib() {}
}
