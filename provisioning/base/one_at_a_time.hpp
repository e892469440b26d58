// SPDX-License-Identifier: MIT
// Something that is done once at a time: who comes meanwhile leaves it to whoever has begun.
#pragma once

#include <atomic>
#include <memory>

namespace base {

class OneAtATime {
  public:
    /// Under way until the last copy of it is gone, however that comes about. May outlive this.
    using Turn = std::shared_ptr<void>;

    /// Empty where it is under way. Made before the task that holds it is queued, for which there
    /// may be no memory. From any thread.
    Turn begin() {
        if (is_under_way_->exchange(true)) {
            return nullptr;
        }
        return Turn(is_under_way_.get(),
                    [under_way = is_under_way_](void*) { *under_way = false; });
    }

  private:
    std::shared_ptr<std::atomic<bool>> is_under_way_ = std::make_shared<std::atomic<bool>>(false);
};

} // namespace base
