WITH me AS MATERIALIZED (SELECT set_config('role', '{ben}', false)) SELECT staff.* FROM me, staff
