// SPDX-License-Identifier: MIT
// Keeps our failures out of the queue where the TLS code of the host would find them.
#pragma once

#include <openssl/err.h>

namespace base {

/// What OpenSSL put into the queue since it was made is gone when it ends.
struct ErrorMark {
    ErrorMark() { ERR_set_mark(); }

    ~ErrorMark() { ERR_pop_to_mark(); }

    ErrorMark(const ErrorMark&) = delete;
    ErrorMark& operator=(const ErrorMark&) = delete;
};

} // namespace base
