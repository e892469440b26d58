// SPDX-License-Identifier: MIT
// Tests of the SQL seam and of the numbered schema steps.
#include "tests/inventory/fixture.hpp"

#include "provisioning/inventory/sql/connection.hpp"
#include "provisioning/inventory/sql/schema.hpp"

namespace inventory {
namespace {

using testing::HasSubstr;

class Sql : public InventoryTest {
  protected:
    sql::Connection connect() {
        auto connection = sql::Connection::open(path());
        EXPECT_TRUE(connection) << connection.error().what;
        return std::move(*connection);
    }
};

TEST_F(Sql, ParametersAreFoundByNameNotByFirstAppearance) {
    auto connection = connect();
    auto statement = connection.prepare("select $2, $1, $2");
    ASSERT_TRUE(statement);
    statement->bind(1, std::string_view("one")).bind(2, std::int64_t{2});
    ASSERT_TRUE(statement->step().value_or(false));
    EXPECT_EQ(statement->integer(0), 2);
    EXPECT_EQ(statement->text(1), "one");
    EXPECT_EQ(statement->integer(2), 2);
}

TEST_F(Sql, AParameterThatIsNotThereIsAnError) {
    auto connection = connect();
    auto statement = connection.prepare("select $1");
    ASSERT_TRUE(statement);
    EXPECT_FALSE(statement->bind(2, std::int64_t{2}).step());
    EXPECT_TRUE(statement->bind(1, std::int64_t{2}).step());
}

TEST_F(Sql, TextAndBlobsKeepEveryByte) {
    auto connection = connect();
    auto statement = connection.prepare("select $1, $2, $3, $4");
    ASSERT_TRUE(statement);
    const std::array<std::uint8_t, 3> blob = {0, 255, 0};
    statement->bind(1, std::string_view("a\0b", 3))
        .bind(2, std::span<const std::uint8_t>(blob))
        .bind(3, std::string_view())
        .bind(4, std::int64_t{0xffffffffffff});
    ASSERT_TRUE(statement->step().value_or(false));
    EXPECT_EQ(statement->text(0), std::string("a\0b", 3));
    EXPECT_EQ(statement->text(1), std::string("\0\xff\0", 3));
    EXPECT_EQ(statement->text(2), "");
    EXPECT_EQ(statement->integer(3), 0xffffffffffff);
}

TEST_F(Sql, ATransactionThatIsNotCommittedLeavesNothing) {
    auto connection = connect();
    ASSERT_TRUE(connection.run("create table t (a integer)"));
    {
        auto transaction = sql::Transaction::begin(connection, sql::Sync::full);
        ASSERT_TRUE(transaction);
        ASSERT_TRUE(connection.run("insert into t values (1)"));
    }
    auto transaction = sql::Transaction::begin(connection, sql::Sync::normal);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(connection.run("insert into t values (2)"));
    ASSERT_TRUE(transaction->commit());
    auto read = connection.prepare("select a from t");
    ASSERT_TRUE(read->step().value_or(false));
    EXPECT_EQ(read->integer(0), 2);
    EXPECT_FALSE(read->step().value_or(true));
}

TEST_F(Sql, DecisionsAreSyncedFullyAndObservationsAreNot) {
    auto connection = connect();
    auto level = [&](sql::Sync sync) {
        auto transaction = sql::Transaction::begin(connection, sync);
        auto asked = connection.prepare("pragma synchronous");
        EXPECT_TRUE(asked->step().value_or(false));
        return asked->integer(0);
    };
    EXPECT_EQ(level(sql::Sync::full), 2);
    EXPECT_EQ(level(sql::Sync::normal), 1);
    EXPECT_EQ(level(sql::Sync::full), 2);
}

TEST_F(Sql, TheInventoryWritesAheadAndChecksReferences) {
    apply({Approve{mac(1)}});
    auto connection = connect();
    auto mode = connection.prepare("pragma journal_mode");
    ASSERT_TRUE(mode->step().value_or(false));
    EXPECT_EQ(mode->text(0), "wal");
    EXPECT_FALSE(connection.run("insert into line (mac, position, number) values (5, 1, '201')"));
}

TEST_F(Sql, EmbeddedStepsAreNumberedFromOneWithoutGaps) {
    const auto steps = sql::schema_steps();
    ASSERT_FALSE(steps.empty());
    for (std::size_t at = 0; at < steps.size(); ++at) {
        EXPECT_EQ(steps[at].number, static_cast<std::int64_t>(at) + 1) << steps[at].name;
        EXPECT_THAT(std::string(steps[at].text), HasSubstr("create "));
    }
}

TEST_F(Sql, StepsGoOnWhereTheDatabaseStands) {
    auto connection = connect();
    const std::vector<sql::SchemaStep> first = {{1, "0001", "create table a (x integer);"}};
    ASSERT_TRUE(sql::bring_up_to_date(connection, first));
    ASSERT_TRUE(sql::bring_up_to_date(connection, first));
    auto both = first;
    both.push_back({2, "0002", "alter table a add column y integer; insert into a values (1, 2);"});
    ASSERT_TRUE(sql::bring_up_to_date(connection, both));
    EXPECT_EQ(connection.schema_version().value(), 2);
    EXPECT_FALSE(sql::bring_up_to_date(connection, first));
}

TEST_F(Sql, AStepThatFailsHalfWayLeavesTheSchemaBeforeIt) {
    auto connection = connect();
    const std::vector<sql::SchemaStep> steps = {
        {1, "0001_good.sql", "create table a (x integer);"},
        {2, "0002_bad.sql", "create table b (x integer); insert into nowhere values (1);"}};
    const auto done = sql::bring_up_to_date(connection, steps);
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().what, HasSubstr("0002_bad.sql"));
    EXPECT_EQ(connection.schema_version().value(), 1);
    EXPECT_TRUE(connection.run("insert into a values (1)"));
    EXPECT_FALSE(connection.run("insert into b values (1)"));
}

TEST_F(Sql, ADatabaseOfTheFirstVersionGoesOnWithItsRows) {
    {
        auto connection = connect();
        ASSERT_TRUE(sql::bring_up_to_date(connection, {sql::schema_steps().front()}));
        const auto filled = connection.run(fmt::format(
            "insert into meta values ('token_key', zeroblob(32));"
            "insert into device (mac, approval, generation, decided, first_seen, stage) values "
            "({0}, 1, 1, 5, 7, 4), ({1}, 1, 1, 5, 7, 1), ({2}, 2, 1, 5, 7, 4), ({3}, 0, 1, 0, 7, "
            "0);"
            "insert into line values ({0}, 1, '201');"
            "insert into extension values ('201', 'Anna', 'pw-201');",
            mac(1).number(), mac(2).number(), mac(3).number(), mac(4).number()));
        ASSERT_TRUE(filled) << filled.error().what;
    }
    for (int round = 0; round < 2; ++round) {
        ASSERT_NE(device(mac(1)), nullptr);
        EXPECT_THAT(device(mac(1))->lines, testing::ElementsAre("201"));
        EXPECT_TRUE(device(mac(1))->is_configured()) << "it came as far with its steady token";
        EXPECT_EQ(device(mac(1))->seen.first, 7);
        EXPECT_EQ(device(mac(1))->claim, Claim::settled);
        EXPECT_FALSE(device(mac(2))->is_configured());
        EXPECT_EQ(device(mac(2))->generation, 1U);
        EXPECT_EQ(device(mac(3))->generation, 2U) << "an approval must not revive its token";
        EXPECT_EQ(device(mac(4))->state(), "pending");
        EXPECT_EQ(inventory().now().extension("201")->password.reveal(), "pw-201");
        reopen();
    }
    EXPECT_TRUE(inventory().steady_used(mac(1), 1));
}

} // namespace
} // namespace inventory
