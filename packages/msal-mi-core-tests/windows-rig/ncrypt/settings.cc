#include "settings.h"

#include <cstdio>
#include <cstdlib>

namespace keyguard_sim {

std::wstring Setting(const wchar_t* name) {
  wchar_t value[1024];
  const DWORD length = ::GetEnvironmentVariableW(name, value, static_cast<DWORD>(std::size(value)));
  return length < std::size(value) ? std::wstring(value, length) : std::wstring();
}

bool IsSet(const wchar_t* name) { return !Setting(name).empty(); }

LONG InjectedFailure(const char* function) {
  const std::wstring rules = Setting(L"KEYGUARD_SIM_FAIL") + L";";
  const std::wstring wanted(function, function + std::char_traits<char>::length(function));
  for (std::size_t start = 0, end; (end = rules.find(L';', start)) != std::wstring::npos; start = end + 1) {
    const std::wstring rule = rules.substr(start, end - start);
    const std::size_t equals = rule.find(L'=');
    if (equals != std::wstring::npos && rule.substr(0, equals) == wanted) {
      return static_cast<LONG>(std::wcstoul(rule.c_str() + equals + 1, nullptr, 16));
    }
  }
  return 0;
}

void LogCall(const char* function, const std::wstring& detail) {
  const std::wstring path = Setting(L"KEYGUARD_SIM_LOG");
  if (path.empty()) return;
  if (FILE* log = ::_wfopen(path.c_str(), L"a")) {
    std::fprintf(log, "%lu %s %ls\n", ::GetCurrentProcessId(), function, detail.c_str());
    std::fclose(log);
  }
}

}  // namespace keyguard_sim
