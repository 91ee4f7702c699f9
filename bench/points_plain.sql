-- Hukou points of Foshan's 2016 measure, as one would write them by hand for this one table: no document, no check of answers.
COPY (
  WITH scored AS (
    SELECT applicant, applied_at,
      CASE "A1.1" WHEN '初中' THEN 40 WHEN '高中/中技/中职' THEN 50 WHEN '大专' THEN 60 WHEN '本科及以上' THEN 80 ELSE 0 END
        + CASE "A1.2" WHEN '初级工/事业单位工勤五级' THEN 20 WHEN '中级工/四级' THEN 40 WHEN '高级工/三级/初级职称' THEN 70
          WHEN '技师/二级/中级职称' THEN 90 WHEN '高级技师/一级/高级职称' THEN 110 ELSE 0 END AS quality,
      least(coalesce("A2.1", 0), 50) + least(coalesce("A2.2", 0), 50) AS insurance,
      CASE WHEN "A3.1" THEN 80 ELSE 0 END + 5 * coalesce("A3.2", 0) AS residence,
      CASE WHEN "B1.1" IS NULL THEN 0
        WHEN date_diff('year', "B1.1", DATE '2017-03-01') - (strftime("B1.1", '%m%d') > '0301')::INTEGER >= 50 THEN 5
        ELSE least(15, 55 - (date_diff('year', "B1.1", DATE '2017-03-01') - (strftime("B1.1", '%m%d') > '0301')::INTEGER)) END
        + CASE WHEN "B1.2" THEN 10 ELSE 0 END
        + least(4 * coalesce("B2", 0), 20)
        + coalesce(list_sum(list_transform("B3", lambda x: round(
            CASE x.value WHEN '发明' THEN 30 WHEN '实用新型' THEN 20 WHEN '外观设计' THEN 10 END
            * CASE WHEN x.owners = 1 THEN 1 WHEN x.first THEN 2.0 / (x.owners + 1) ELSE 1.0 / (x.owners + 1) END, 2)::DECIMAL(9,2))), 0)
        + least(30 * coalesce("B4.1", 0), 60) + least(60 * coalesce("B4.2", 0), 120)
        + least(10 * coalesce("B4.3", 0), 20) + least(20 * coalesce("B4.4", 0), 40)
        + coalesce(list_sum(list_transform("B5", lambda x: CASE x WHEN '区级三' THEN 60 WHEN '区级二' THEN 65 WHEN '区级一' THEN 75
            WHEN '市级三' THEN 80 WHEN '市级二' THEN 85 WHEN '市级一' THEN 95 WHEN '省级三' THEN 100 WHEN '省级二' THEN 110
            WHEN '省级一' THEN 120 WHEN '国家级三' THEN 130 WHEN '国家级二' THEN 140 WHEN '国家级一' THEN 150 END)), 0)
        + least(3 * (floor(coalesce("B6.1", 0))::BIGINT // 50), 30) + least(3 * (floor(coalesce("B6.2", 0))::BIGINT // 200), 30)
        + CASE WHEN list_contains("B6.3", '入库') THEN 5 ELSE 0 END + CASE WHEN list_contains("B6.3", '捐献') THEN 50 ELSE 0 END
        + CASE "B7.1" WHEN '个体工商户' THEN 3 WHEN '个人独资/合伙/股份合作' THEN 6 WHEN '有限公司' THEN 10 ELSE 0 END
        + floor(coalesce("B7.2", 0))::BIGINT // 500 + floor(coalesce("B7.3", 0))::BIGINT // 10000
        + CASE WHEN list_contains("B8", '儿童预防接种') THEN 3 ELSE 0 END
        + CASE WHEN list_contains("B8", '婚检/孕前检查') THEN 1 ELSE 0 END
        + CASE WHEN list_contains("B8", '从业健康证') THEN 1 ELSE 0 END
        + CASE WHEN "B9.1" THEN 3 ELSE 0 END + least(0.2 * coalesce("B9.2", 0), 12)
        - 50 * coalesce("D1", 0) - CASE WHEN "D2" THEN 100 ELSE 0 END - 15 * coalesce("D3", 0)
        + least(floor(coalesce("F", 0))::BIGINT, 40) AS rest,
      NOT (coalesce("E1", false) OR coalesce("E2", false)) AND coalesce("Q1", true) AND coalesce("Q2", true)
        AND coalesce("Q3", true) AND coalesce("Q4", true) AS free
    FROM read_parquet('{answers}')
  ),
  summed AS (SELECT *, (quality + insurance + residence + rest)::DECIMAL(18,4) AS total FROM scored)
  SELECT CASE WHEN free AND total >= 30 THEN
      rank() OVER (PARTITION BY free AND total >= 30 ORDER BY total DESC, quality DESC, insurance DESC, residence DESC, applied_at)
    END AS rank, applicant, total, quality, insurance, residence, rest, free AND total >= 30 AS eligible, applied_at
  FROM summed ORDER BY rank, applicant
) TO '{out}' (FORMAT parquet, COMPRESSION zstd);
