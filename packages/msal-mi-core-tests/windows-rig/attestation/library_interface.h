// The interface of AttestationClientLib.dll: cdecl, 8-bit strings.
#pragma once

#include <windows.h>

#include <ncrypt.h>

extern "C" {
typedef void(__cdecl* LogFunction)(void* context, char* tag, int level, char* function, int line, char* message);
struct AttestationLogInfo {
  LogFunction log;
  void* context;
};
int __cdecl InitAttestationLib(AttestationLogInfo* info);
int __cdecl AttestKeyGuardImportKey(char* endpoint, char* auth_token, char* client_payload, NCRYPT_KEY_HANDLE key,
                                    char** token, char* client_id);
void __cdecl FreeAttestationToken(char* token);
void __cdecl UninitAttestationLib();
}
