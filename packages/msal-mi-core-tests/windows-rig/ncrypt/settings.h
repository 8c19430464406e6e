// How a test steers the simulated key store: environment variables, read at every call, so that a running process can
// be steered too.
//   KEYGUARD_SIM_NAMESPACE=<text>      keys of one namespace are invisible in another
//   KEYGUARD_SIM_NO_VBS=1              no virtualization-based security: isolated keys are refused
//   KEYGUARD_SIM_VIRTUAL_ISO=0         keys made with isolation say that they have none
//   KEYGUARD_SIM_BOOT_ID=<text>        a per-boot key of another boot still opens and no longer signs
//   KEYGUARD_SIM_FAIL=<fn>=<hex>;...   that function returns that status; also of certificate stores
//   KEYGUARD_SIM_LOG=<file>            one line per call
//   KEYGUARD_SIM_RENEGOTIATE=1         winhttp answers a TLS 1.2 HelloRequest, as on Windows
//   KEYGUARD_SIM_TLS13=1               winhttp offers TLS 1.3 too, which the product does not ask for yet
//   KEYGUARD_SIM_DOTNET=1              what .NET needs of Windows and Wine lacks
#pragma once

#include <windows.h>

#include <string>

namespace keyguard_sim {

std::wstring Setting(const wchar_t* name);
bool IsSet(const wchar_t* name);

// The status a test wants `function` to fail with, or 0.
LONG InjectedFailure(const char* function);
void LogCall(const char* function, const std::wstring& detail);

}  // namespace keyguard_sim
