// SPDX-License-Identifier: MIT
#include "module/phone/answers.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace phone {

namespace {

constexpr std::size_t answers_kept = 64;

/// RFC 3261 17.2.3, for branches old and new.
std::string transaction_key(const Message& request) {
    return fmt::format("{}\n{}\n{}", request.header("Via"), request.header("Call-ID"),
                       request.header("CSeq"));
}

} // namespace

void Answers::keep(const Message& request, std::string answer) {
    auto key = transaction_key(request);
    std::erase_if(given_, [&key](const Given& one) { return one.key == key; });
    given_.push_back({std::move(key), std::move(answer)});
    if (given_.size() > answers_kept) {
        given_.pop_front();
    }
}

const std::string* Answers::find(const Message& request) const {
    const auto key = transaction_key(request);
    const auto found = std::find_if(given_.begin(), given_.end(),
                                    [&key](const Given& one) { return one.key == key; });
    return found == given_.end() ? nullptr : &found->answer;
}

} // namespace phone
