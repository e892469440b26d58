// SPDX-License-Identifier: MIT
#include "provisioning/serve/turns.hpp"

#include "provisioning/base/answer.hpp"

#include <exception>
#include <new>
#include <utility>

namespace serve {
namespace {

/// Without the work. Where there is no memory for the answer either its connection ends at its
/// deadline, and the others have their turns.
void give_up(const Turns::Turn& turn) noexcept {
    try {
        turn.done();
    } catch (...) {
    }
}

} // namespace

void Turns::add(base::Ipv4 source, Turn turn) {
    auto waits = std::make_shared<Turn>(std::move(turn));
    std::list<std::uint32_t> place{source.value};
    auto& others = by_source_[source.value];
    const bool is_first = others.empty();
    others.push_back(std::move(waits));
    if (is_first) {
        order_.splice(order_.end(), place);
    }
    ++waiting_;
    begin();
}

void Turns::clear() {
    order_.clear();
    waiting_ = 0;
    const auto dropped = std::exchange(by_source_, {});
}

/// What it needs is there already: no memory is taken.
void Turns::drop_next() {
    const auto found = by_source_.find(order_.front());
    found->second.pop_front();
    if (found->second.empty()) {
        by_source_.erase(found);
        order_.pop_front();
    } else {
        order_.splice(order_.end(), order_, order_.begin());
    }
    --waiting_;
}

void Turns::begin() {
    while (begun_ < at_once && !order_.empty()) {
        const auto turn = by_source_.find(order_.front())->second.front();
        if (turn->whose.expired()) { // nobody hears the answer
            drop_next();
            give_up(*turn);
            continue;
        }
        try {
            loop_.work([self = shared_from_this(), turn] {
                std::exception_ptr thrown;
                try {
                    if (!turn->whose.expired()) {
                        turn->work();
                    }
                } catch (...) { // the others have their turns
                    thrown = std::current_exception();
                }
                base::answer(self->loop_, [self, turn] {
                    --self->begun_;
                    self->begin();
                    turn->done();
                });
                if (thrown) {
                    std::rethrow_exception(thrown); // which the loop tells
                }
            });
        } catch (const std::bad_alloc&) {
            if (begun_ != 0) {
                return; // it has its turn when the next one ends
            }
            drop_next(); // nobody would come back to it
            give_up(*turn);
            continue;
        }
        ++begun_;
        drop_next();
    }
}

} // namespace serve
