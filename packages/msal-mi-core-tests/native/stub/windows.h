// The few names of <windows.h> that the portable half of the addon uses, to build it on Linux under the sanitizers.
#pragma once

#include <cstdint>

using BOOL = int;
using BYTE = unsigned char;
using WORD = std::uint16_t;
using DWORD = std::uint32_t;
using DWORD_PTR = std::uintptr_t;
using LPVOID = void*;
using LPCVOID = const void*;
using LPDWORD = DWORD*;
using LPWSTR = wchar_t*;
using LPCWSTR = const wchar_t*;

#define TRUE 1
#define FALSE 0
#define CALLBACK
#define WINAPI
#define ERROR_INVALID_PARAMETER 87
#define ERROR_IO_PENDING 997

DWORD GetLastError();
