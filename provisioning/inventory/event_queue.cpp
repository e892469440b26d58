// SPDX-License-Identifier: MIT
// Timeline events on their way to the disk, equal consecutive ones as one.
#include "provisioning/inventory/event_queue.hpp"

#include "provisioning/base/crypto.hpp"

#include <array>
#include <cstring>
#include <exception>
#include <iterator>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace inventory {

namespace {

bool same(const Event& a, const Event& b) {
    return a.step == b.step && a.address == b.address && a.detail == b.detail;
}

/// Of this process, so that nobody can look for two texts that are kept as the same. Throws where
/// there is no randomness yet: it is made by the next one.
const std::string& digest_key() {
    static const auto key = [] {
        std::array<std::uint8_t, 16> made{};
        if (!base::random_bytes(made)) {
            throw std::runtime_error("no randomness");
        }
        return std::string(made.begin(), made.end());
    }();
    return key;
}

/// 0 where there was no memory for it.
std::uint64_t digest(Step step, std::string_view address, std::string_view detail) noexcept {
    std::uint64_t part = 0;
    try {
        const auto whole = base::sha256(fmt::format(
            "{}{} {} {}{}", digest_key(), static_cast<int>(step), address.size(), address, detail));
        std::memcpy(&part, whole.data(), sizeof part);
    } catch (const std::exception&) { // the next event makes a row of its own
    }
    return part;
}

} // namespace

EventRow::EventRow(std::int64_t row,
                   Step step,
                   std::string_view address,
                   std::string_view detail) noexcept
    : id(row), says(digest(step, address, detail)) {}

bool EventRow::equals(const Event& event) const noexcept {
    return says != 0 && says == digest(event.step, event.address, event.detail);
}

EventQueue::Line& EventQueue::line_of(base::Mac mac) {
    const auto [found, is_new] = lines_.try_emplace(mac);
    if (is_new) {
        found->second.serial = next_serial_++;
    }
    return found->second;
}

EventQueue::Line* EventQueue::same_line(const Batch& batch) {
    const auto found = lines_.find(batch.mac);
    return found == lines_.end() || found->second.serial != batch.serial ? nullptr : &found->second;
}

void EventQueue::knows(base::Mac mac, const EventRow& newest) {
    line_of(mac).newest = newest;
}

bool EventQueue::add(base::Mac mac, Event event, std::size_t most, bool is_stranger) {
    auto& line = line_of(mac);
    if (!line.events.empty() && same(line.events.back().event, event)) {
        auto& back = line.events.back().event;
        ++back.count;
        back.last = event.last;
        return false;
    }
    if (most == 0 || total_ >= (is_stranger ? most_of_strangers : most_of_all)) {
        ++dropped_;
        return false;
    }
    const bool adds = line.events.empty() && line.newest && line.newest->equals(event);
    if (line.events.empty()) {
        line.events.reserve(4); // a start is as many
        waiting_.insert(mac);
    }
    line.events.push_back({std::move(event), adds ? line.newest->id : 0});
    ++total_;
    trim(line, most);
    return !adds;
}

void EventQueue::trim(Line& line, std::size_t most) {
    if (line.events.size() <= most) {
        return;
    }
    const auto excess = line.events.size() - most;
    line.events.erase(line.events.begin(),
                      std::next(line.events.begin(), static_cast<std::ptrdiff_t>(excess)));
    total_ -= excess;
    dropped_ += excess;
}

EventQueue::Batch EventQueue::take(base::Mac mac) {
    auto& line = line_of(mac);
    total_ -= line.events.size();
    waiting_.erase(mac);
    // Until the batch is written nobody knows which row will be the newest: `newest` is empty.
    return {mac, line.serial, std::exchange(line.events, {}),
            std::exchange(line.newest, std::nullopt)};
}

std::vector<EventQueue::Batch> EventQueue::take_all() {
    std::vector<Batch> batches;
    batches.reserve(waiting_.size());
    while (!waiting_.empty()) {
        batches.push_back(take(*waiting_.begin()));
    }
    return batches;
}

void EventQueue::written(const Batch& batch, const std::optional<EventRow>& newest) {
    auto* line = same_line(batch);
    if (line == nullptr) {
        return;
    }
    line->newest = newest ? newest : batch.newest;
    // What came in meanwhile may continue the row that has just been written.
    if (line->newest && !line->events.empty() && line->newest->equals(line->events.front().event)) {
        line->events.front().row = line->newest->id;
    }
}

void EventQueue::restore(Batch&& batch, std::size_t most) {
    auto* line = same_line(batch);
    if (line == nullptr) {
        return;
    }
    if (batch.events.empty()) {
        line->newest = batch.newest;
        if (line->events.empty() && !line->newest) {
            lines_.erase(batch.mac); // taken for a device that did not come to be
        }
        return;
    }
    batch.events.reserve(batch.events.size() + line->events.size());
    waiting_.insert(batch.mac);
    // Nothing is thrown from here on.
    line->newest = batch.newest;
    auto later = std::exchange(line->events, std::move(batch.events));
    total_ += line->events.size();
    auto from = later.begin();
    if (from != later.end() && same(line->events.back().event, from->event)) {
        line->events.back().event.count += from->event.count;
        line->events.back().event.last = from->event.last;
        ++from;
        --total_;
    }
    line->events.insert(line->events.end(), std::make_move_iterator(from),
                        std::make_move_iterator(later.end()));
    trim(*line, most);
}

void EventQueue::forget(base::Mac mac) {
    const auto found = lines_.find(mac);
    if (found == lines_.end()) {
        return;
    }
    total_ -= found->second.events.size();
    waiting_.erase(mac);
    lines_.erase(found);
}

const std::vector<QueuedEvent>* EventQueue::waiting_of(base::Mac mac) const {
    const auto found = lines_.find(mac);
    return found == lines_.end() ? nullptr : &found->second.events;
}

} // namespace inventory
