#pragma once

#include <windows.h>
// windows before its parts
#include <ncrypt.h>

#include <string>

namespace keyguard_sim {

// What .NET relies on and Wine lacks. A certificate that names a key of the key store has that key: Wine's Schannel
// wants a handle, so one is attached. And CERT_NAME_STR_REVERSE_FLAG turns the parts of a name around. Before the
// program resolves these functions; false where Wine is not as expected.
bool InstallDotNetSupport(NCRYPT_KEY_HANDLE (*open_key)(const std::wstring& name));

}  // namespace keyguard_sim
