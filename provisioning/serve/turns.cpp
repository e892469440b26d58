// SPDX-License-Identifier: MIT
#include "provisioning/serve/turns.hpp"

#include <utility>

namespace serve {

void Turns::add(base::Ipv4 source, Turn turn) {
    auto& others = by_source_[source.value];
    if (others.empty()) {
        order_.push_back(source.value);
    }
    others.push_back(std::move(turn));
    ++waiting_;
    begin();
}

void Turns::clear() {
    order_.clear();
    waiting_ = 0;
    const auto dropped = std::exchange(by_source_, {});
}

Turns::Turn Turns::next() {
    const auto source = order_.front();
    order_.pop_front();
    const auto found = by_source_.find(source);
    Turn turn = std::move(found->second.front());
    found->second.pop_front();
    if (found->second.empty()) {
        by_source_.erase(found);
    } else {
        order_.push_back(source);
    }
    --waiting_;
    return turn;
}

void Turns::begin() {
    while (begun_ < at_once && !order_.empty()) {
        auto turn = next();
        if (turn.whose.expired()) { // nobody hears the answer
            turn.done();
            continue;
        }
        ++begun_;
        loop_.work([self = shared_from_this(), turn = std::move(turn)] {
            // Whatever is thrown: the others have their turns.
            const std::shared_ptr<void> go_on(nullptr, [&](void*) {
                self->loop_.post([self, done = turn.done] {
                    --self->begun_;
                    self->begin();
                    done();
                });
            });
            if (!turn.whose.expired()) {
                turn.work();
            }
        });
    }
}

} // namespace serve
