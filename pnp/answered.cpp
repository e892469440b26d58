// SPDX-License-Identifier: MIT
// The bounded table of server transactions and its queue by age.
#include "pnp/answered.hpp"

#include "provisioning/base/text.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>
#include <utility>

namespace pnp {

TransactionKey transaction_key(const Subscribe& request, base::Ipv4 source) {
    constexpr std::string_view cookie = "z9hG4bK";
    // A line end cannot occur in a header value, so it keeps the parts apart. The method is always
    // SUBSCRIBE, and a To tag never there.
    if (request.branch.size() > cookie.size() && base::istarts_with(request.branch, cookie)) {
        return base::sha256(fmt::format(FMT_COMPILE("{}\n{}\n{}:{}"), source.value, request.branch,
                                        request.via_host, request.via_port));
    }
    return base::sha256(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", source.value, request.uri,
                                    request.from_tag, request.call_id, request.cseq,
                                    request.vias.front()));
}

Answer* Answered::find(const TransactionKey& key) {
    const auto found = table_.find(key);
    return found == table_.end() ? nullptr : &found->second;
}

Answer* Answered::add(const TransactionKey& key, base::Steady now) {
    forget_old(now);
    while (table_.size() >= most_ || bytes_ >= most_bytes_) {
        if (!make_room()) {
            return nullptr;
        }
    }
    Answer& entry = table_.try_emplace(key).first->second;
    entry.key = key;
    entry.forget = now + transaction_life;
    entry.queued = true;
    queue_.push_back(&entry);
    bytes_ += cost(entry);
    return &entry;
}

void Answered::answer(Answer& entry, std::string ok, Path path) {
    bytes_ -= cost(entry);
    entry.ok = std::move(ok);
    entry.path = path;
    bytes_ += cost(entry);
}

void Answered::open(Answer& entry) {
    bytes_ -= cost(entry);
    entry.open = true;
    bytes_ += cost(entry);
}

void Answered::close(Answer& entry, base::Steady now) {
    bytes_ -= cost(entry);
    entry.open = false;
    bytes_ += cost(entry);
    if (entry.queued) {
        return;
    }
    if (entry.forget <= now) {
        erase(entry);
        return;
    }
    entry.queued = true;
    queue_.push_back(&entry);
}

void Answered::forget_old(base::Steady now) {
    while (!queue_.empty() && queue_.front()->forget <= now) {
        Answer& entry = *queue_.front();
        queue_.pop_front();
        entry.queued = false;
        if (!entry.open) {
            erase(entry);
        }
    }
}

std::size_t Answered::cost(const Answer& entry) noexcept {
    // While open, the request is kept beside its echo, in pieces and as a whole.
    return sizeof(Answer) + entry.ok.size() * (entry.open ? 4 : 1);
}

void Answered::erase(Answer& entry) {
    bytes_ -= cost(entry);
    table_.erase(table_.find(entry.key));
}

bool Answered::make_room() {
    while (!queue_.empty()) {
        Answer& entry = *queue_.front();
        queue_.pop_front();
        entry.queued = false;
        if (!entry.open) {
            erase(entry);
            return true;
        }
    }
    return false;
}

std::optional<base::Steady> Answered::next_due() const {
    if (queue_.empty()) {
        return std::nullopt;
    }
    // Forgetting is housekeeping: a second later will do, and one wake-up then does many.
    return queue_.front()->forget + std::chrono::seconds(1);
}

} // namespace pnp
