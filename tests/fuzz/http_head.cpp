// SPDX-License-Identifier: MIT
// Any bytes as the head of an HTTP request, and the answer that its fields lead to.
// rooms: serve
#include "provisioning/serve/head.hpp"
#include "provisioning/serve/reply.hpp"
#include "provisioning/serve/target.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::uint64_t most_body = 65536;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto head = serve::parse_head(text, most_body);
    if (!head) {
        if (head.error().status < 400 || head.error().status > 499) {
            std::abort();
        }
        return 0;
    }
    if (head->body_bytes > most_body || head->method.empty() || head->minor > 1) {
        std::abort();
    }
    const serve::Response file{200, "text/plain", std::make_shared<const std::string>("body"), 1};
    const auto reply = serve::make_reply(*head, file, head->keep_alive, 0);
    const auto is_one_line = [](std::string_view value) {
        return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
    };
    if (!is_one_line(head->cookie) || !is_one_line(serve::query_of(head->target)) ||
        (head->body_bytes != 0 && !head->has_length)) {
        std::abort();
    }
    serve::Response message;
    message.status = 202;
    message.fields = {{"Set-Cookie", std::string(text)}, {std::string(text), head->cookie}};
    if (const auto answer = serve::make_reply(*head, message, head->keep_alive, 0).head;
        answer.find("\r\n\r\n") + 4 != answer.size() ||
        std::count(answer.begin(), answer.end(), '\n') > 7) {
        std::abort();
    }
    // Nothing of a request may become a line of the answer.
    if (reply.head.find("\r\n\r\n") + 4 != reply.head.size() ||
        reply.offset + reply.length > file.body->size()) {
        std::abort();
    }
    return 0;
}
