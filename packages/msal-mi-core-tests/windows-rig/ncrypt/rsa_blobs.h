// CAPI's PRIVATEKEYBLOB (little endian) <-> CNG's BCRYPT_RSAFULLPRIVATE_BLOB (big endian).
#pragma once

#include <windows.h>

#include <vector>

namespace keyguard_sim {

std::vector<BYTE> CngToCapi(const std::vector<BYTE>& cng);
std::vector<BYTE> CapiToCng(const std::vector<BYTE>& capi);

}  // namespace keyguard_sim
