#include "export_patch.h"

#include <cstring>

namespace keyguard_sim {
namespace {

template <typename Value>
void Overwrite(Value* at, Value value) {
  DWORD protection = 0;
  if (!::VirtualProtect(at, sizeof(Value), PAGE_READWRITE, &protection)) return;
  *at = value;
  ::VirtualProtect(at, sizeof(Value), protection, &protection);
}

BYTE* Base(HMODULE module) { return reinterpret_cast<BYTE*>(module); }

IMAGE_NT_HEADERS* Headers(HMODULE module) {
  const auto* dos = reinterpret_cast<IMAGE_DOS_HEADER*>(module);
  return reinterpret_cast<IMAGE_NT_HEADERS*>(Base(module) + dos->e_lfanew);
}

const IMAGE_DATA_DIRECTORY& Directory(HMODULE module, int index) {
  return Headers(module)->OptionalHeader.DataDirectory[index];
}

// Exports are 32-bit offsets from the module: the way out has to lie close behind it.
BYTE* AllocateNear(HMODULE module) {
  for (ULONG_PTR offset = 0x100000; offset < 0x70000000; offset += 0x10000) {
    void* page = ::VirtualAlloc(Base(module) + offset, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    if (page != nullptr) return static_cast<BYTE*>(page);
  }
  return nullptr;
}

}  // namespace

HMODULE SystemLibrary(const wchar_t* name) { return ::LoadLibraryExW(name, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32); }

void* PatchExport(HMODULE module, const char* name, void* replacement) {
  BYTE* base = Base(module);
  const auto* exports =
      reinterpret_cast<IMAGE_EXPORT_DIRECTORY*>(base + Directory(module, IMAGE_DIRECTORY_ENTRY_EXPORT).VirtualAddress);
  const auto* names = reinterpret_cast<DWORD*>(base + exports->AddressOfNames);
  const auto* ordinals = reinterpret_cast<WORD*>(base + exports->AddressOfNameOrdinals);
  auto* functions = reinterpret_cast<DWORD*>(base + exports->AddressOfFunctions);
  for (DWORD i = 0; i < exports->NumberOfNames; ++i) {
    if (std::strcmp(reinterpret_cast<char*>(base + names[i]), name) != 0) continue;
    BYTE* trampoline = AllocateNear(module);
    if (trampoline == nullptr) return nullptr;
    BYTE code[12] = {0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xE0};  // mov rax, imm64; jmp rax
    std::memcpy(code + 2, &replacement, sizeof(replacement));
    std::memcpy(trampoline, code, sizeof(code));
    Overwrite(&functions[ordinals[i]], static_cast<DWORD>(trampoline - base));
    return trampoline;
  }
  return nullptr;
}

bool PatchImport(HMODULE module, const void* original, void* replacement) {
  BYTE* base = Base(module);
  const IMAGE_DATA_DIRECTORY& directory = Directory(module, IMAGE_DIRECTORY_ENTRY_IMPORT);
  if (directory.VirtualAddress == 0) return false;
  bool found = false;
  auto* library = reinterpret_cast<IMAGE_IMPORT_DESCRIPTOR*>(base + directory.VirtualAddress);
  for (; library->Name != 0; ++library) {
    for (auto* slot = reinterpret_cast<void**>(base + library->FirstThunk); *slot != nullptr; ++slot) {
      if (*slot != original) continue;
      Overwrite(slot, replacement);
      found = true;
    }
  }
  return found;
}

int PatchPointers(HMODULE module, const void* original, void* replacement) {
  IMAGE_NT_HEADERS* headers = Headers(module);
  const IMAGE_SECTION_HEADER* section = IMAGE_FIRST_SECTION(headers);
  int found = 0;
  for (int i = 0; i < headers->FileHeader.NumberOfSections; ++i, ++section) {
    if ((section->Characteristics & IMAGE_SCN_MEM_WRITE) == 0) continue;
    BYTE* start = Base(module) + section->VirtualAddress;
    for (DWORD offset = 0; offset + sizeof(void*) <= section->Misc.VirtualSize; offset += sizeof(void*)) {
      auto* slot = reinterpret_cast<void**>(start + offset);
      if (*slot != original) continue;
      Overwrite(slot, replacement);
      ++found;
    }
  }
  return found;
}

}  // namespace keyguard_sim
