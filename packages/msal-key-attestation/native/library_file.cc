#include "library_file.h"

#include <wincrypt.h>

#include <array>
#include <vector>

#include <unique_handle.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

constexpr DWORD kSha256Bytes = 32;
constexpr DWORD kPieceBytes = 64 * 1024;

struct ProviderTraits {
  using Raw = HCRYPTPROV;
  static void close(Raw provider) noexcept { ::CryptReleaseContext(provider, 0); }
};
using UniqueProvider = UniqueHandle<ProviderTraits>;

struct HashTraits {
  using Raw = HCRYPTHASH;
  static void close(Raw hash) noexcept { ::CryptDestroyHash(hash); }
};
using UniqueHash = UniqueHandle<HashTraits>;

void Require(const char* api, BOOL succeeded) {
  if (!succeeded) throw Win32Error(api, ::GetLastError());
}

UniqueKernelHandle OpenForReading(const std::wstring& path) {
  const HANDLE file = ::CreateFileW(path.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING,
                                    FILE_ATTRIBUTE_NORMAL, nullptr);
  if (file == INVALID_HANDLE_VALUE) throw Win32Error("CreateFileW", ::GetLastError());
  return UniqueKernelHandle(file);
}

std::wstring FinalPath(HANDLE file) {
  const DWORD size = ::GetFinalPathNameByHandleW(file, nullptr, 0, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
  std::wstring path(size, L'\0');
  const DWORD length =
      size == 0 ? 0 : ::GetFinalPathNameByHandleW(file, path.data(), size, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
  if (length == 0 || length >= size) throw Win32Error("GetFinalPathNameByHandleW", ::GetLastError());
  path.resize(length);
  // \\?\C:\... is a drive. \\?\UNC\... is a server that may give another file when it is asked again.
  const std::wstring prefix = L"\\\\?\\";
  const bool is_on_drive = path.compare(0, prefix.size(), prefix) == 0 && path.size() > 6 && path[5] == L':';
  if (!is_on_drive) throw Win32Error("GetFinalPathNameByHandleW", ERROR_BAD_PATHNAME);
  return path.substr(prefix.size());
}

}  // namespace

LibraryFile::LibraryFile(const std::wstring& path) : file_(OpenForReading(path)), final_path_(FinalPath(file_.get())) {}

std::wstring LibraryFile::Sha256() const {
  // Of advapi32, which is in every process. bcrypt.dll would be one more library to find.
  UniqueProvider provider;
  Require("CryptAcquireContextW",
          ::CryptAcquireContextW(provider.out(), nullptr, nullptr, PROV_RSA_AES, CRYPT_VERIFYCONTEXT | CRYPT_SILENT));
  UniqueHash hash;
  Require("CryptCreateHash", ::CryptCreateHash(provider.get(), CALG_SHA_256, 0, 0, hash.out()));
  Require("SetFilePointerEx", ::SetFilePointerEx(file_.get(), {}, nullptr, FILE_BEGIN));
  std::vector<BYTE> piece(kPieceBytes);
  for (DWORD read = 1; read > 0;) {
    Require("ReadFile", ::ReadFile(file_.get(), piece.data(), kPieceBytes, &read, nullptr));
    Require("CryptHashData", ::CryptHashData(hash.get(), piece.data(), read, 0));
  }
  std::array<BYTE, kSha256Bytes> digest{};
  DWORD size = kSha256Bytes;
  Require("CryptGetHashParam", ::CryptGetHashParam(hash.get(), HP_HASHVAL, digest.data(), &size, 0));
  std::wstring text;
  for (const BYTE byte : digest) {
    constexpr wchar_t kDigits[] = L"0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

}  // namespace msal_mi
