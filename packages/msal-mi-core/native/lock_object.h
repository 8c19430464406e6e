// A lock across processes as a JavaScript object.
#pragma once

#include <napi.h>

#include "environment.h"

namespace msal_mi {

void DefineLockClass(Napi::Env env, Environment& environment);

// acquireLock(name, timeoutMs): Lock, with `settled: Promise<'acquired' | 'busy' | 'cancelled'>`.
Napi::Value AcquireLock(const Napi::CallbackInfo& info);

}  // namespace msal_mi
