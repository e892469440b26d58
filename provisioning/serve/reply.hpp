// SPDX-License-Identifier: MIT
// The bytes of an answer: a head as text, and which part of the body follows it.
#pragma once

#include "provisioning/serve/head.hpp"
#include "provisioning/serve/http.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace serve {

struct Reply {
    int status = 0;
    std::string head;
    std::shared_ptr<const std::string> body; ///< null: nothing of this kind follows the head
    std::shared_ptr<const FileBody> file;    ///< the same
    std::shared_ptr<void> place;             ///< of the response, as is the next
    std::function<void()> all_sent;
    std::uint64_t offset = 0;
    std::uint64_t length = 0; ///< of the body that is sent
};

/// The answer to a request. Equal responses have equal bytes whatever led to them: the 404 has
/// nothing but its length, not even a date. `now` is seconds since 1970.
Reply make_reply(const Head& request, const Response& response, bool keep_alive, std::int64_t now);

/// The answer to what is no request, or none that is let through; its connection ends.
Reply make_refusal(int status);

} // namespace serve
