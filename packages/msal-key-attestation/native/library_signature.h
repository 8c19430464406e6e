#pragma once

#include <windows.h>

#include <cstdint>
#include <string>

namespace msal_mi {

struct LibrarySignature {
  std::uint32_t status = 0;  // result of WinVerifyTrust: 0 for a valid signature
  std::wstring signer;       // common name of the signer's certificate; empty unless the signature is valid
};

// Checks the Authenticode signature of an open file, without network I/O and without any dialog.
LibrarySignature VerifySignature(const std::wstring& path, HANDLE file);

}  // namespace msal_mi
