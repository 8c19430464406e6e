#include "library_file.h"

#include <bcrypt.h>

#include <array>
#include <vector>

#include <unique_handle.h>
#include <win32_error.h>

namespace msal_mi {
namespace {

constexpr DWORD kSha256Bytes = 32;
constexpr DWORD kPieceBytes = 64 * 1024;

struct AlgorithmTraits {
  using Raw = BCRYPT_ALG_HANDLE;
  static void close(Raw algorithm) noexcept { ::BCryptCloseAlgorithmProvider(algorithm, 0); }
};
using UniqueAlgorithm = UniqueHandle<AlgorithmTraits>;

struct HashTraits {
  using Raw = BCRYPT_HASH_HANDLE;
  static void close(Raw hash) noexcept { ::BCryptDestroyHash(hash); }
};
using UniqueHash = UniqueHandle<HashTraits>;

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
  UniqueAlgorithm algorithm;
  ThrowIfFailed("BCryptOpenAlgorithmProvider",
                ::BCryptOpenAlgorithmProvider(algorithm.out(), BCRYPT_SHA256_ALGORITHM, nullptr, 0));
  UniqueHash hash;
  ThrowIfFailed("BCryptCreateHash", ::BCryptCreateHash(algorithm.get(), hash.out(), nullptr, 0, nullptr, 0, 0));
  if (!::SetFilePointerEx(file_.get(), {}, nullptr, FILE_BEGIN)) {
    throw Win32Error("SetFilePointerEx", ::GetLastError());
  }
  std::vector<UCHAR> piece(kPieceBytes);
  for (DWORD read = 1; read > 0;) {
    if (!::ReadFile(file_.get(), piece.data(), kPieceBytes, &read, nullptr)) {
      throw Win32Error("ReadFile", ::GetLastError());
    }
    ThrowIfFailed("BCryptHashData", ::BCryptHashData(hash.get(), piece.data(), read, 0));
  }
  std::array<UCHAR, kSha256Bytes> digest{};
  ThrowIfFailed("BCryptFinishHash", ::BCryptFinishHash(hash.get(), digest.data(), kSha256Bytes, 0));
  std::wstring text;
  for (const UCHAR byte : digest) {
    constexpr wchar_t kDigits[] = L"0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

}  // namespace msal_mi
